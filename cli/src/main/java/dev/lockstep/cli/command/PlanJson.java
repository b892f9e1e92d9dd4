package dev.lockstep.cli.command;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.network.NetworkShape;
import dev.lockstep.plan.Finding;
import dev.lockstep.plan.Memory;
import dev.lockstep.plan.Plan;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.topology.Topology;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A plan as one JSON document. */
final class PlanJson {
    private record Warmup(String kind, double epochs, long iterations, double increment, List<Point> table) {}

    private record Point(double epoch, long iteration, double learningRate) {}

    private record Place(int rank, int firstWorker, int lastWorker) {}

    private record Shape(
            long parameters, long batchNormStatistics, double forwardFlopsPerImage, long activationFloatsPerImage) {
        static Shape of(NetworkShape network) {
            return new Shape(
                    network.parameters(),
                    network.batchNormStatistics(),
                    network.forwardFlops(),
                    network.activationFloats());
        }
    }

    private record MemoryBytes(@JsonUnwrapped Memory parts, long total) {}

    private record Sent(long contributionBytes, long sentBytesPerProcessAndStep) {}

    private record Shown(
            String code,
            String sentence,
            String fix,
            String source,
            @Nullable String suppressed) {
        static Shown of(Finding finding) {
            return new Shown(
                    finding.code(),
                    finding.sentence(),
                    finding.fix(),
                    finding.check().source(),
                    finding.suppressed().orElse(null));
        }
    }

    private PlanJson() {}

    static Map<String, Object> of(Plan plan, List<Finding> findings) {
        Recipe recipe = plan.recipe();
        // A map, because a record of so many components is longer and its arguments are easily exchanged.
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("recipe", recipe.name());
        json.put("model", recipe.model().name());
        json.put("dataset", plan.data().name());
        json.put("classes", plan.data().classes());
        json.put("classes_assumed", plan.data().classesAssumed());
        json.put("training_images", plan.data().trainingImages());
        json.put("workers", recipe.workers());
        json.put("images_per_worker", recipe.imagesPerWorker());
        json.put("minibatch", plan.minibatch());
        json.put("reference_minibatch", recipe.learningRate().referenceMinibatch());
        json.put("scaling", lower(recipe.learningRate().scaling()));
        json.put("scaling_factor", plan.scalingFactor());
        json.put("reference_learning_rate", recipe.learningRate().reference());
        json.put("learning_rate", recipe.scaledLearningRate());
        json.put("final_learning_rate", plan.finalRate());
        json.put("epochs", recipe.epochs());
        json.put("iterations_per_epoch", plan.iterationsPerEpoch());
        json.put("iterations", plan.iterations());
        json.put("dropped_images_per_epoch", plan.cut().droppedPerEpoch());
        json.put("warmup", warmup(plan));
        json.put("schedule", lower(recipe.learningRate().schedule().kind()));
        json.put("decays", points(plan.decays()));
        json.put("processes", processes(plan.topology()));
        json.put("lanes", plan.lanes());
        plan.network().ifPresent(network -> json.put("network", Shape.of(network)));
        plan.memory()
                .ifPresent(memory -> json.put("memory_bytes_per_process", new MemoryBytes(memory, memory.total())));
        plan.traffic()
                .ifPresent(traffic ->
                        json.put("traffic", new Sent(traffic.contributionBytes(), traffic.sentBytesPerProcess())));
        json.put("findings", findings.stream().map(Shown::of).toList());
        return json;
    }

    private static Warmup warmup(Plan plan) {
        return new Warmup(
                lower(plan.recipe().learningRate().warmup().kind()),
                plan.recipe().learningRate().warmup().epochs(),
                plan.warmupIterations(),
                plan.warmupIncrement(),
                points(plan.warmupTable()));
    }

    private static List<Point> points(List<Plan.RatePoint> points) {
        return points.stream()
                .map(point -> new Point(point.epoch(), point.iteration(), point.rate()))
                .toList();
    }

    private static List<Place> processes(Topology topology) {
        return IntStream.range(0, topology.processes())
                .mapToObj(rank -> new Place(
                        rank, topology.firstWorker(rank), topology.firstWorker(rank) + topology.workersOf(rank) - 1))
                .toList();
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
