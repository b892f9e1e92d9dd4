package dev.lockstep.errors;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A failure that the user can fix. Its message is one line: what happened, where, and how to fix it. The kind decides
 * the exit code of the command line.
 */
public final class LockstepException extends RuntimeException {
    /** Why the run cannot continue. Each kind has the exit code that the command line documents. */
    public enum Kind {
        /** An invalid recipe, or a command used incorrectly. */
        RECIPE(2),
        /** Missing, damaged or unreadable data. */
        DATA(3),
        /** A worker process failed, or the processes cannot reach each other. */
        WORKER(4),
        /** Training diverged: a loss is not finite. */
        DIVERGED(5),
        /** A checkpoint is missing, damaged or from another recipe. */
        CHECKPOINT(6);

        private final int exitCode;

        Kind(int exitCode) {
            this.exitCode = exitCode;
        }

        public int exitCode() {
            return exitCode;
        }
    }

    private static final int MOST = 2000;
    private static final int MOST_OF_THE_FIX = 700;

    private final Kind kind;
    private final String what;
    private final String where;
    private final String fix;

    /**
     * Creates a failure whose message is {@code what, where, fix}.
     *
     * @param what what happened
     * @param where where it happened, as {@code name = value} pairs; may be empty
     * @param fix how to fix it, in the imperative; may be empty
     */
    public LockstepException(Kind kind, String what, String where, String fix) {
        this(kind, what, where, fix, null);
    }

    /** Creates a failure with a cause, for the stack trace. */
    public LockstepException(Kind kind, String what, String where, String fix, @Nullable Throwable cause) {
        super(oneLine(what, where, fix), cause);
        this.kind = kind;
        this.what = what;
        this.where = where;
        this.fix = fix;
    }

    /** A failure of kind {@link Kind#RECIPE}. */
    public static LockstepException recipe(String what, String where, String fix) {
        return new LockstepException(Kind.RECIPE, what, where, fix);
    }

    /** A failure of kind {@link Kind#DATA}. */
    public static LockstepException data(String what, String where, String fix) {
        return new LockstepException(Kind.DATA, what, where, fix);
    }

    /** A failure of kind {@link Kind#WORKER}. */
    public static LockstepException worker(String what, String where, String fix) {
        return new LockstepException(Kind.WORKER, what, where, fix);
    }

    /** A failure of kind {@link Kind#CHECKPOINT}. */
    public static LockstepException checkpoint(String what, String where, String fix) {
        return new LockstepException(Kind.CHECKPOINT, what, where, fix);
    }

    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    /** The first part of the message: what happened. */
    public String what() {
        return what;
    }

    /** The message without its last part: what happened, and where. */
    public String whatAndWhere() {
        return oneLine(what, where, "");
    }

    /** The last part of the message: how to fix it. */
    public String fix() {
        return fix;
    }

    public Kind kind() {
        return kind;
    }

    public int exitCode() {
        return kind.exitCode();
    }

    /** Makes one line of bounded length, whatever the parts quote. The fix is never truncated. */
    private static String oneLine(String what, String where, String fix) {
        String head = where.isEmpty() ? what : what + ", " + where;
        String last = fix.isEmpty() ? "" : ", " + Printable.of(joined(fix), MOST_OF_THE_FIX);
        return Printable.of(joined(head), MOST - last.length()) + last;
    }

    private static String joined(String text) {
        return text.replaceAll("\\s*[\\r\\n]+\\s*", " ");
    }
}
