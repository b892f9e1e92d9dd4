package dev.lockstep.evidence;

import dev.lockstep.evidence.process.Checkout;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Documents;
import dev.lockstep.evidence.record.MachineFacts;
import dev.lockstep.evidence.record.Report;
import dev.lockstep.evidence.record.Result;
import dev.lockstep.evidence.record.Results;
import dev.lockstep.evidence.scenario.Scenario;
import dev.lockstep.evidence.scenario.Scenarios;
import dev.lockstep.evidence.scenario.Settings;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs scenarios, and rewrites the tables of the documents. */
@Command(
        name = "evidence/run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Runs scenarios against ./lockstep and writes evidence/results/NAME.json.",
            "'faults' stands for all scenarios of faults, 'tables' rewrites the tables of the documents from the results."
        })
public final class Main implements Callable<Integer> {
    private static final String FAULTS = "faults";
    private static final String TABLES = "tables";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "SCENARIO",
            arity = "0..*",
            description = "Scenarios to run; options for train follow after --.")
    private List<String> words = List.of();

    @Option(names = "--list", description = "List the scenarios.")
    private boolean list;

    @Option(names = "--as", paramLabel = "NAME", description = "Name of the result. Default: the scenario's.")
    private @Nullable String as;

    @Option(names = "--results", paramLabel = "FOLDER", description = "Folder of results. Default: evidence/results.")
    private @Nullable Path results;

    @Option(names = "--keep", description = "Keep the folder of a scenario that fails.")
    private boolean keep;

    @Option(
            names = "--procs",
            split = ",",
            description = "soak: numbers of processes to choose from; memory: number of processes.")
    private List<Integer> procs = List.of();

    @Option(names = "--kills", description = "soak, unpack-kills: number of kills. Default: ${DEFAULT-VALUE}.")
    private int kills = 20;

    @Option(
            names = "--seed",
            description = "soak, unpack-kills: seed of the random moments. Default: ${DEFAULT-VALUE}.")
    private long seed = 7;

    @Option(names = "--epochs", description = "memory: epochs that count. Default: ${DEFAULT-VALUE}.")
    private int epochs = 15;

    @Option(names = "--leak", paramLabel = "KIB", description = "memory: KiB per second that every process leaks.")
    private int leak;

    @Option(
            names = "--python",
            description =
                    "imagenet, photographs, wallpapers: a Python that has torchvision; launchers: one that has torch; spark: pyspark.")
    private @Nullable String python;

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        Checkout checkout = Checkout.find();
        Results written = new Results(results == null ? checkout.results() : results);
        List<String> names = new ArrayList<>(words);
        List<String> original = spec.commandLine().getParseResult().originalArgs();
        int dashes = original.indexOf("--");
        List<String> options = dashes < 0 ? List.of() : original.subList(dashes + 1, original.size());
        names.subList(names.size() - options.size(), names.size()).clear();
        if (list || names.isEmpty()) {
            Scenarios.ALL.forEach(one -> System.out.printf("%-13s %s%n", one.name(), one.about()));
            return 0;
        }
        if (names.equals(List.of(TABLES))) {
            new Documents(written.read()).refresh(checkout.home()).forEach(System.out::println);
            return 0;
        }
        List<Scenario> chosen = chosen(names);
        if (as != null && chosen.size() > 1) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--as is for a single scenario");
        }
        Settings settings = new Settings(procs, kills, seed, epochs, leak, python, options);
        boolean good = true;
        for (Scenario scenario : chosen) {
            String command = command(scenario, original);
            good &= run(checkout, scenario, settings, command, written);
        }
        System.out.println(good ? "all as expected" : "NOT all as expected");
        return good ? 0 : 1;
    }

    private List<Scenario> chosen(List<String> names) {
        List<Scenario> chosen = new ArrayList<>();
        for (String name : names) {
            if (name.equals(FAULTS)) {
                Scenarios.ALL.stream().filter(Scenario::isFault).forEach(chosen::add);
            } else {
                chosen.add(Scenarios.find(name)
                        .orElseThrow(() -> new CommandLine.ParameterException(
                                spec.commandLine(), "no such scenario: " + name + ", see --list")));
            }
        }
        return chosen;
    }

    /** The command that runs only this scenario, without options for the location of results. */
    private static String command(Scenario scenario, List<String> original) {
        List<String> command = new ArrayList<>(List.of("evidence/run", scenario.name()));
        for (int i = 0; i < original.size(); i++) {
            String word = original.get(i);
            if (word.equals("--")) {
                command.addAll(original.subList(i, original.size()));
                break;
            }
            if (word.startsWith("--") && !word.equals("--keep")) {
                i++;
                if (!List.of("--as", "--results").contains(word)) {
                    command.add(word);
                    command.add(word.equals("--python") ? "PYTHON" : original.get(i));
                }
            }
        }
        return String.join(" ", command);
    }

    private boolean run(Checkout checkout, Scenario scenario, Settings settings, String command, Results written)
            throws Exception {
        System.out.println("== " + scenario.name() + ": " + scenario.about());
        MachineFacts machine = MachineFacts.here();
        String date = LocalDate.now(ZoneOffset.UTC).toString();
        long start = System.nanoTime();
        Report report = new Report(System.out, keep);
        try (Stage stage = new Stage(checkout, report)) {
            scenario.play().run(stage, settings);
        }
        long seconds = Math.round((System.nanoTime() - start) / 1e9);
        if (report.cases().isEmpty()) {
            return true;
        }
        Result result =
                new Result(scenario.name(), command, date, machine, seconds, false, report.skipped(), report.cases());
        written.write(as == null ? scenario.name() : as, result);
        return result.isGood();
    }
}
