package dev.lockstep.cli;

import dev.lockstep.cli.terminal.OptionHints;
import dev.lockstep.cli.terminal.PrintableStream;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.launch.ErrorFile;
import dev.lockstep.launch.ParentWatch;
import dev.lockstep.launch.Terminal;
import dev.lockstep.storage.Locations;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.TypeConversionException;

/** {@code lockstep}: all commands, and the one place that turns failures into a line and an exit code. */
@Command(
        name = "lockstep",
        description = "Large-minibatch synchronous SGD on the JVM.",
        footer = {"", "'lockstep help COMMAND' shows the options of a command, with examples."},
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        scope = ScopeType.INHERIT)
public final class Main implements Runnable {
    private static final int LONGEST_MESSAGE = 1500;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show the stack trace of an error.")
    private boolean debug;

    /** For the help; the launcher takes it away. */
    @Option(
            names = "--classpath",
            scope = ScopeType.INHERIT,
            paramLabel = "JARS",
            description = "Additional JARs, such as one with a network of yours; separated by ':'.")
    private @Nullable String classPath;

    @Override
    public void run() {
        Terminal terminal = Terminal.ofOutput();
        System.out.print(NextSteps.text(Path.of("runs"), Instant.now(), terminal.columns()));
    }

    public static void main(String[] arguments) {
        ParentWatch.startIfAsked();
        int exitCode = execute(arguments);
        System.out.flush();
        System.err.flush();
        // Native threads of libtorch and Gloo must not keep the process alive, or run destructors at exit.
        Runtime.getRuntime().halt(exitCode);
    }

    /** Runs one command and returns its exit code. */
    public static int execute(String... arguments) {
        Main main = new Main();
        return guarded(() -> {
            try {
                return run(main, arguments);
            } catch (Error e) {
                return main.report(e);
            }
        });
    }

    /** Runs a command whose output cannot move the cursor. */
    public static int guarded(IntSupplier command) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        System.setOut(new PrintableStream(out, Terminal::ofOutput));
        System.setErr(new PrintableStream(err, Terminal::fromEnvironment));
        try {
            return command.getAsInt();
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private static int run(Main main, String... arguments) {
        String[] asked = withoutHelpCommand(arguments);
        CommandLine parser = Commands.addTo(new CommandLine(main), asked);
        HelpText.install(parser, Main::helpColumns);
        return parser.setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false)
                .registerConverter(Path.class, Main::path)
                .setParameterExceptionHandler((e, args) -> {
                    say(Mistakes.of(e).orElseGet(() -> oneLine(e) + ", ") + "see '" + commandName(e) + " --help'");
                    return LockstepException.Kind.RECIPE.exitCode();
                })
                .setExecutionExceptionHandler((e, line, result) -> main.report(e))
                .setExecutionStrategy(main::start)
                .execute(asked);
    }

    private int start(ParseResult parsed) {
        if (classPath != null) {
            throw new ParameterException(
                    parsed.commandSpec().commandLine(),
                    "--classpath = " + classPath + " is for the launcher 'lockstep', use java -cp instead");
        }
        return new CommandLine.RunLast().execute(parsed);
    }

    /** {@code help CMD} is {@code CMD --help}. */
    private static String[] withoutHelpCommand(String... arguments) {
        if (arguments.length == 0 || !arguments[0].equals("help")) {
            return arguments;
        }
        String[] asked = Arrays.copyOfRange(arguments, 1, arguments.length + 1);
        asked[asked.length - 1] = "--help";
        return asked;
    }

    /** Without a terminal the usual 80. */
    private static int helpColumns() {
        Terminal terminal = Terminal.fromEnvironment();
        return terminal.interactive() ? terminal.columns() : 80;
    }

    private static Path path(String text) {
        try {
            return Locations.path(text);
        } catch (LockstepException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** Reports a failure in one line and returns its exit code. */
    public int report(Throwable failure) {
        if (debug) {
            failure.printStackTrace();
        }
        if (failure instanceof LockstepException known) {
            say(OptionHints.addTo(known.getMessage()));
            return known.exitCode();
        }
        if (failure instanceof OutOfMemoryError || isNativeOutOfMemory(failure)) {
            say("out of memory: " + oneLine(failure)
                    + ", lower images-per-worker, --lanes or --loader-threads, or give the JVM more with"
                    + " LOCKSTEP_JAVA_OPTIONS=-Xmx8g");
            return LockstepException.Kind.WORKER.exitCode();
        }
        say("unexpected " + failure.getClass().getSimpleName() + ": " + oneLine(failure)
                + ", this is a bug of Lockstep, run again with --debug and report what it prints");
        return 1;
    }

    /** Shows an error, also in the table of torchrun. */
    private static void say(String line) {
        System.err.println("error: " + line);
        ErrorFile.write(System.getenv(), line);
    }

    /** Recognized by libtorch's message: its exceptions have no types in Java. */
    private static boolean isNativeOutOfMemory(Throwable failure) {
        return String.valueOf(failure.getMessage()).contains("can't allocate memory");
    }

    private static String commandName(ParameterException e) {
        return e.getCommandLine().getCommandSpec().qualifiedName();
    }

    private static String oneLine(Throwable failure) {
        String message = failure.getMessage();
        return message == null
                ? "no message"
                : Printable.of(message.lines().findFirst().orElse(""), LONGEST_MESSAGE);
    }
}
