package dev.lockstep.cli.doctor;

/**
 * One line of the doctor's report.
 *
 * @param group what it belongs to, such as {@code threads}
 * @param subject what was looked at
 * @param value what was seen
 * @param fix what to do about it; empty where all is well
 */
public record Finding(String group, String subject, String value, Level level, String fix) {
    /** How bad it is. */
    public enum Level {
        OK,
        /** Lockstep works, more slowly or not in every way. */
        WARN,
        /** Lockstep does not work. */
        FAIL
    }

    public Finding {
        if (fix.isEmpty() != (level == Level.OK)) {
            throw new IllegalArgumentException("subject = " + subject + ", level = " + level + ", fix = " + fix
                    + ": only what is wrong has a fix");
        }
    }

    static Finding ok(String group, String subject, String value) {
        return new Finding(group, subject, value, Level.OK, "");
    }

    static Finding warn(String group, String subject, String value, String fix) {
        return new Finding(group, subject, value, Level.WARN, fix);
    }

    static Finding fail(String group, String subject, String value, String fix) {
        return new Finding(group, subject, value, Level.FAIL, fix);
    }
}
