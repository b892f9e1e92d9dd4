package dev.lockstep.evidence.process;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A command with its environment, on this host or in a network namespace. Immutable. */
public record Command(
        List<String> words,
        Map<String, String> environment,
        @Nullable Host host) {
    public Command {
        words = List.copyOf(words);
        environment = Map.copyOf(environment);
    }

    public static Command of(String... words) {
        return new Command(List.of(words), Map.of(), null);
    }

    public Command with(String... more) {
        return with(List.of(more));
    }

    public Command with(List<String> more) {
        List<String> all = new ArrayList<>(words);
        all.addAll(more);
        return new Command(all, environment, host);
    }

    public Command env(String name, String value) {
        Map<String, String> all = new LinkedHashMap<>(environment);
        all.put(name, value);
        return new Command(words, all, host);
    }

    public Command on(@Nullable Host where) {
        return new Command(words, environment, where);
    }

    /** In a folder. */
    public Command in(Path folder) {
        List<String> all = new ArrayList<>(List.of("env", "-C", folder.toString()));
        all.addAll(words);
        return new Command(all, environment, host);
    }

    /** Bound to one core. */
    public Command onCore(int core) {
        List<String> all = new ArrayList<>(List.of("taskset", "-c", Integer.toString(core)));
        all.addAll(words);
        return new Command(all, environment, host);
    }

    /** The words to start. Each part replaces itself with the next, so that the process id stays the same. */
    List<String> line() {
        List<String> line = new ArrayList<>(List.of("setsid"));
        if (host != null) {
            line.addAll(host.prefix());
        }
        // A JVM that was started in the background of a shell ignores some signals, and so would its children.
        line.addAll(List.of("env", "--default-signal=INT,HUP,TERM"));
        line.addAll(words);
        return line;
    }
}
