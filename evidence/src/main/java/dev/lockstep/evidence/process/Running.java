package dev.lockstep.evidence.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** A process that a scenario has started, with its output in a file; it leads its own process group. */
public final class Running extends Member {
    private static final int LONGEST_MINUTES = 30;

    private final Process process;
    private final Log log;
    private final Signals signals;
    private boolean ended;

    Running(Process process, Path log, Signals signals) {
        super(process.pid(), signals);
        this.process = process;
        this.log = new Log(log);
        this.signals = signals;
    }

    /** Standard output and standard error. */
    public Log log() {
        return log;
    }

    /** Waits for the end; returns the exit code, 128 + N after signal N. */
    public int exitCode() throws InterruptedException {
        if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES)) {
            throw new IllegalStateException("a process did not end within " + LONGEST_MINUTES + " minutes");
        }
        return process.exitValue();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Kills the whole group, only once: afterward its id may belong to another group. */
    public void end() {
        if (!ended) {
            ended = true;
            signalGroup(Signal.KILL);
        }
    }

    /** The processes of a group that this launcher has started, by rank; fails unless this many exist within a minute. */
    public List<Member> ranks(int count) {
        List<Member> ranks = new ArrayList<>();
        boolean found = Await.within(60_000, () -> {
            ranks.clear();
            ranks.addAll(findRanks());
            return ranks.size() == count;
        });
        if (!found) {
            throw new IllegalStateException("found " + ranks.size() + " of " + count + " processes: " + log.lastLine());
        }
        return ranks;
    }

    /** The living processes that this launcher has started, in no order. */
    public List<Member> anyRanks() {
        return process.children()
                .filter(child -> rankOf(child.pid()) >= 0)
                .map(child -> new Member(child.pid(), signals))
                .filter(child -> !child.gone())
                .toList();
    }

    /** The JVMs among all processes below this one, in the order of their ids; fails unless this many exist within a minute. */
    public List<Member> javas(int count) {
        List<Member> found = new ArrayList<>();
        boolean all = Await.within(60_000, () -> {
            found.clear();
            process.descendants()
                    .filter(Running::isJava)
                    .sorted()
                    .forEach(child -> found.add(new Member(child.pid(), signals)));
            return found.size() == count;
        });
        if (!all) {
            throw new IllegalStateException("found " + found.size() + " of " + count + " JVMs: " + log.lastLine());
        }
        return found;
    }

    private List<Member> findRanks() {
        TreeMap<Integer, Member> byRank = new TreeMap<>();
        process.descendants().filter(Running::isJava).forEach(child -> {
            int rank = rankOf(child.pid());
            if (rank >= 0) {
                byRank.put(rank, new Member(child.pid(), signals));
            }
        });
        return List.copyOf(byRank.values());
    }

    private static boolean isJava(ProcessHandle process) {
        return process.info().command().filter(path -> path.endsWith("/java")).isPresent();
    }

    private static int rankOf(long pid) {
        try {
            for (String variable : Files.readString(Path.of("/proc", Long.toString(pid), "environ"))
                    .split("\0", -1)) {
                if (variable.startsWith("RANK=")) {
                    return Integer.parseInt(variable.substring(5));
                }
            }
        } catch (IOException e) {
            // It has just ended.
        }
        return -1;
    }
}
