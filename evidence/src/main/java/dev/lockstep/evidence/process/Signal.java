package dev.lockstep.evidence.process;

/** Signals that scenarios send. */
public enum Signal {
    KILL,
    TERM,
    INT,
    HUP,
    STOP,
    CONT
}
