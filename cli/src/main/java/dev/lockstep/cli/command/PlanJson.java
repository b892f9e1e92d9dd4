package dev.lockstep.cli.command;

import dev.lockstep.network.NetworkShape;
import dev.lockstep.plan.Finding;
import dev.lockstep.plan.Memory;
import dev.lockstep.plan.Plan;
import dev.lockstep.plan.Traffic;
import dev.lockstep.recipe.Recipe;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** A plan as one JSON document. */
final class PlanJson {
    private PlanJson() {}

    static Map<String, Object> of(Plan plan, List<Finding> findings) {
        Recipe recipe = plan.recipe();
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
        json.put("processes", processes(plan));
        json.put("lanes", plan.lanes());
        json.put("bitwise", plan.topology().isBitwise());
        plan.network().ifPresent(network -> json.put("network", network(network)));
        plan.memory().ifPresent(memory -> json.put("memory_bytes_per_process", memory(memory)));
        plan.traffic().ifPresent(traffic -> json.put("traffic", traffic(traffic)));
        json.put("findings", findings.stream().map(PlanJson::finding).toList());
        return json;
    }

    private static Map<String, Object> warmup(Plan plan) {
        return ordered(
                "kind", lower(plan.recipe().learningRate().warmup().kind()),
                "epochs", plan.recipe().learningRate().warmup().epochs(),
                "iterations", plan.warmupIterations(),
                "increment", plan.warmupIncrement(),
                "table", points(plan.warmupTable()));
    }

    private static List<Map<String, Object>> points(List<Plan.RatePoint> points) {
        return points.stream()
                .map(point ->
                        ordered("epoch", point.epoch(), "iteration", point.iteration(), "learning_rate", point.rate()))
                .toList();
    }

    private static List<Map<String, Object>> processes(Plan plan) {
        int each = plan.topology().workersPerProcess();
        return IntStream.range(0, plan.topology().processes())
                .mapToObj(rank -> ordered(
                        "rank",
                        rank,
                        "first_worker",
                        plan.topology().firstWorker(rank),
                        "last_worker",
                        plan.topology().firstWorker(rank) + each - 1))
                .toList();
    }

    private static Map<String, Object> network(NetworkShape network) {
        return ordered(
                "parameters", network.parameters(),
                "batch_norm_statistics", network.batchNormStatistics(),
                "forward_flops_per_image", network.forwardFlops(),
                "activation_floats_per_image", network.activationFloats());
    }

    private static Map<String, Object> memory(Memory memory) {
        return ordered(
                "parameters", memory.parameters(),
                "momentum", memory.momentum(),
                "gradients", memory.gradients(),
                "partial_sums", memory.partialSums(),
                "activations", memory.activations(),
                "total", memory.total());
    }

    private static Map<String, Object> traffic(Traffic traffic) {
        return ordered(
                "contribution_bytes", traffic.contributionBytes(),
                "sent_bytes_per_process_and_step", traffic.sentBytesPerProcess());
    }

    private static Map<String, Object> finding(Finding finding) {
        Map<String, Object> json = ordered(
                "code", finding.code(),
                "sentence", finding.sentence(),
                "fix", finding.fix(),
                "source", finding.check().source());
        finding.suppressed().ifPresent(reason -> json.put("suppressed", reason));
        return json;
    }

    static Map<String, Object> ordered(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
