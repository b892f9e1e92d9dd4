package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.network.NetworkShape;
import dev.lockstep.plan.ComputeCost;
import dev.lockstep.plan.CostModel;
import dev.lockstep.plan.Interconnect;
import dev.lockstep.plan.LocalForecast;
import dev.lockstep.plan.LocalForecast.Measurement;
import dev.lockstep.plan.Plan;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Format;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of {@code plan} for the speed of processes and networks. */
final class CostOptions {
    private static final String BANDWIDTH = "10Gbit";
    private static final String LATENCY = "50us";

    @Option(
            names = "--images-per-second",
            paramLabel = "X",
            description =
                    "Training images per second of one process with all its lanes; predicts time and cost for every k.")
    private Optional<Double> imagesPerSecond = Optional.empty();

    @Option(
            names = "--bandwidth",
            paramLabel = "B",
            description = "Bandwidth between processes, such as 50Gbit or 1.2GB/s (default: " + BANDWIDTH + ").")
    private Optional<String> bandwidth = Optional.empty();

    @Option(
            names = "--latency",
            paramLabel = "T",
            description = "Latency of a message including software, such as 20us (default: " + LATENCY + ").")
    private Optional<String> latency = Optional.empty();

    @Option(
            names = "--jitter",
            paramLabel = "J",
            description = "Standard deviation of a process's step time over its mean (default: measured, or "
                    + ComputeCost.PAPER_JITTER + ", which fits the paper's cluster).")
    private Optional<Double> jitter = Optional.empty();

    @Option(
            names = "--workers-per-process",
            paramLabel = "W",
            description = "Workers per process when extrapolating to larger k (default: workers / procs).")
    private Optional<Integer> workersPerProcess = Optional.empty();

    @Option(
            names = "--target",
            paramLabel = "TIME",
            description = "Find the number of workers that train within this time, such as 1h or 90min.")
    private Optional<String> target = Optional.empty();

    @Option(
            names = "--measured",
            paramLabel = "RUN",
            description = "Folder of a short one-process run on this machine; predicts 1, 2 and 4 processes from it.")
    private Optional<Path> measured = Optional.empty();

    @Option(
            names = "--card-memory",
            paramLabel = "SIZE",
            description = "Memory of a GPU, such as 80GiB, where each process has one: how many lanes fit.")
    private Optional<String> cardMemory = Optional.empty();

    /** What is left to tensors: the rest is libtorch's own, and space between them. */
    private static final double CARD_SHARE = 0.85;

    private static final double SLOWEST = 1e-6;
    private static final double FASTEST = 1e12;

    /** The lanes that a card has memory for; empty if no option asks, or if the size of the network is unknown. */
    Optional<CardLanes> cardLanes(Plan plan) {
        return cardMemory.flatMap(text -> {
            long bytes = Quantities.bytes("--card-memory", text);
            return plan.lanesWithin((long) (CARD_SHARE * bytes)).map(lanes -> new CardLanes(bytes, lanes));
        });
    }

    /**
     * The memory of a card.
     *
     * @param lanes that fit, at most the workers of a process
     */
    record CardLanes(long bytes, int lanes) {
        String text() {
            return "%n%-14s%s%n".formatted("Card", sentence());
        }

        private String sentence() {
            return lanes == 0
                    ? Format.binaryBytes(bytes) + " do not hold one lane: fewer images-per-worker need less"
                    : Format.binaryBytes(bytes) + " hold " + Format.count(lanes, "lane")
                            + " in float32, 15 % left to libtorch";
        }
    }

    /** Empty if no option asks for a prediction. */
    Optional<Costs> costs(Plan plan) {
        check();
        boolean aboutCluster = imagesPerSecond.isPresent() || measured.isPresent() && namesNetwork();
        if (!aboutCluster && measured.isEmpty()) {
            return Optional.empty();
        }
        NetworkShape shape = plan.network()
                .orElseThrow(() -> LockstepException.recipe(
                        "model.name = " + plan.recipe().model().name(),
                        "its size is unknown, because it does not describe its layers",
                        "predictions need a network whose shape is known"));
        Optional<Measurement> measurement = measured.map(run -> MeasuredRun.read(run, plan.recipe()));
        int cores = Runtime.getRuntime().availableProcessors();
        return Optional.of(new Costs(
                new CostModel.TrainingLength(
                        plan.recipe().epochs(),
                        plan.data().trainingImages(),
                        plan.recipe().imagesPerWorker()),
                measurement.map(run -> new LocalForecast(shape, run, cores)),
                aboutCluster ? Optional.of(model(shape, plan, measurement)) : Optional.empty(),
                plan.data().safeMinibatch(),
                shape.inputFloats(),
                target.map(text -> Quantities.seconds("--target", text))));
    }

    private boolean namesNetwork() {
        return bandwidth.isPresent() || latency.isPresent() || target.isPresent() || workersPerProcess.isPresent();
    }

    private void check() {
        double speed = imagesPerSecond.orElse(1.0);
        require(
                speed >= SLOWEST && speed <= FASTEST,
                "--images-per-second",
                imagesPerSecond,
                "must be at least " + SLOWEST + " and at most " + FASTEST);
        require(
                jitter.orElse(0.0) >= 0 && jitter.orElse(0.0) < 1,
                "--jitter",
                jitter,
                "must be at least 0 and below 1");
        int each = workersPerProcess.orElse(1);
        require(each >= 1 && each <= 65_536, "--workers-per-process", workersPerProcess, "must be 1 to 65536");
        if (imagesPerSecond.isEmpty() && measured.isEmpty() && (namesNetwork() || jitter.isPresent())) {
            throw LockstepException.recipe(
                    "--bandwidth, --latency, --jitter, --target and --workers-per-process ask for a prediction",
                    "",
                    "give the speed of one process with --images-per-second or --measured");
        }
    }

    private static void require(boolean holds, String option, Optional<?> value, String fix) {
        if (!holds) {
            throw LockstepException.recipe(
                    option + " = " + value.map(Object::toString).orElse(""), "", fix);
        }
    }

    private CostModel model(NetworkShape shape, Plan plan, Optional<Measurement> measurement) {
        Recipe recipe = plan.recipe();
        int lanes = imagesPerSecond.isPresent()
                ? plan.lanes()
                : measurement.map(Measurement::lanes).orElse(plan.lanes());
        double speed = imagesPerSecond
                .or(() -> measurement.map(Measurement::imagesPerSecond))
                .orElseThrow();
        double deviation = jitter.or(() -> measurement.map(Measurement::jitter)).orElse(ComputeCost.PAPER_JITTER);
        Interconnect network = new Interconnect(
                Quantities.bytesPerSecond("--bandwidth", bandwidth.orElse(BANDWIDTH)),
                Quantities.seconds("--latency", latency.orElse(LATENCY)));
        return new CostModel(
                shape,
                ComputeCost.ofSpeed(speed, recipe.imagesPerWorker(), lanes, deviation),
                network,
                workersPerProcess.orElse(plan.topology().mostWorkers()));
    }
}
