package dev.lockstep.cli.doctor;

/**
 * One line of the doctor's report.
 *
 * @param group the group, such as {@code threads}
 * @param subject what was checked
 * @param value what was found
 * @param level the severity
 * @param fix how to fix it; empty if and only if the level is OK
 */
public record Finding(String group, String subject, String value, Level level, String fix) {
    /** The severity of a finding. */
    public enum Level {
        OK,
        /** Lockstep works, but more slowly or with limitations. */
        WARN,
        /** Lockstep does not work. */
        FAIL
    }

    public Finding {
        if (fix.isEmpty() != (level == Level.OK)) {
            throw new IllegalArgumentException("subject = " + subject + ", level = " + level + ", fix = " + fix
                    + ": exactly the findings that are not OK must have a fix");
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
