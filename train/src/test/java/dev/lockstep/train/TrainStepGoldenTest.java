package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageShape;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.optim.Optimizer;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.schedule.Decay;
import dev.lockstep.schedule.LearningRate;
import dev.lockstep.schedule.Warmup;
import dev.lockstep.torch.Tensors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * 20 steps of k-worker training against PyTorch: golden/training_steps.py and
 * golden/fine_tuning_steps.py made the numbers. Weights, pixels and labels come
 * from the same integer formulas on both sides.
 */
class TrainStepGoldenTest {
    private static final int CLASSES = 10;
    private static final int IMAGES = 96;
    private static final int N = 6;
    private static final double REFERENCE = 0.05;
    private static final ImageShape SHAPE = new ImageShape(3, 12, 12);

    static Stream<JsonNode> cases() throws IOException {
        return Stream.concat(cases("training-steps.json"), cases("fine-tuning-steps.json"));
    }

    private static Stream<JsonNode> cases(String file) throws IOException {
        try (InputStream in = TrainStepGoldenTest.class.getResourceAsStream(file)) {
            return StreamSupport.stream(
                    new ObjectMapper().readTree(in).get("cases").spliterator(), false);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void twentySteps_equalPyTorch(JsonNode golden) {
        int workers = golden.get("workers").asInt();
        Recipe recipe = recipe(golden, workers);
        LearningRate rate = Warmup.gradual(REFERENCE, REFERENCE * workers, 10).times(Decay.step(0.1, 15));
        try (TestStep step = TestStep.create(recipe, SHAPE, CLASSES, 2, 700, TrainStepGoldenTest::initialize)) {
            for (int s = 0; s < 20; s++) {
                double loss = step.run(
                                s,
                                batches(s, workers),
                                new Optimizer.Rates(rate.at(s), rate.at(Math.max(0, s - 1)), 0.01))
                        .loss();
                assertThat(loss)
                        .as("loss of step %d", s)
                        .isCloseTo(golden.get("losses").get(s).asDouble(), within(2e-5));
            }
            Map<String, HostTensor> tensors = Checkpoint.tensors(step.state(), 20);
            golden.get("tensors").properties().forEach(entry -> {
                float[] values = tensors.get(entry.getKey()).floats();
                double norm = 0;
                for (float value : values) {
                    norm += (double) value * value;
                }
                double expected = entry.getValue().get("norm").asDouble();
                assertThat(Math.sqrt(norm)).as(entry.getKey()).isCloseTo(expected, within(1e-4 * expected + 1e-6));
                for (int i = 0; i < entry.getValue().get("first").size(); i++) {
                    double first = entry.getValue().get("first").get(i).asDouble();
                    assertThat((double) values[i])
                            .as("%s[%d]", entry.getKey(), i)
                            .isCloseTo(first, within(2e-4 * expected + 1e-6));
                }
            });
        }
    }

    private static Recipe recipe(JsonNode golden, int workers) {
        return TestStep.recipe(
                workers,
                N,
                "model: {name: resnet8, width: 4, frozen: " + text(golden, "frozen", "[]") + "}",
                "learning-rate: {factors: " + text(golden, "factors", "{}") + "}",
                "optimizer: {momentum: 0.9, nesterov: " + golden.get("nesterov").asBoolean() + ", form: "
                        + golden.get("form").asText() + ", momentum-correction: "
                        + golden.get("correction").asBoolean() + ", weight-decay: 0.01}");
    }

    /** A part of a case as YAML, which JSON is with a space after each colon. */
    private static String text(JsonNode golden, String key, String otherwise) {
        return golden.has(key) ? golden.get(key).toString().replace(":", ": ") : otherwise;
    }

    /** An integer hash of the index as a number in [−0.5, 0.5) with 16 bits. */
    static double unit(long index) {
        long x = (index * 2654435761L + 12345) & 0xFFFFFFFFL;
        x = ((x ^ (x >> 15)) * 2246822519L) & 0xFFFFFFFFL;
        x ^= x >> 13;
        return (x >> 16) / 65536.0 - 0.5;
    }

    private static void initialize(ImageClassifier network, List<Slot> slots) {
        long start = 0;
        for (Slot slot : slots.stream().sorted(Comparator.comparing(Slot::name)).toList()) {
            float[] values = new float[(int) slot.length()];
            boolean matrix = slot.shape().length > 1;
            double scale = matrix ? 2 * Math.sqrt(3.0 / (values.length / slot.shape()[0])) : 0.25;
            double offset = !matrix && slot.name().endsWith("weight") ? 1 : 0;
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) ((float) (unit(start + i) * scale) + offset);
            }
            start += values.length;
            Tensors.assign(network.module().named_parameters().get(slot.name()), values);
        }
    }

    private static java.util.function.Supplier<HostBatch> batches(int step, int workers) {
        AtomicInteger next = new AtomicInteger();
        return () -> {
            int worker = next.getAndIncrement();
            long[] labels = new long[N];
            FloatBuffer pixels = TestStep.direct(N * SHAPE.floats());
            for (int i = 0; i < N; i++) {
                int sample = (step * workers * N + worker * N + i) * 5 % IMAGES;
                labels[i] = (int) ((unit(5_000_000 + sample) + 0.5) * CLASSES);
                for (int y = 0; y < SHAPE.height(); y++) {
                    for (int x = 0; x < SHAPE.width(); x++) {
                        for (int c = 0; c < 3; c++) {
                            int at = sample * SHAPE.floats() + (c * SHAPE.height() + y) * SHAPE.width() + x;
                            float value = (float) (unit(1_000_000 + at) * 4);
                            pixels.put(y == labels[i] ? value + 1 : value);
                        }
                    }
                }
            }
            return TestStep.batch(step, worker, SHAPE, pixels.rewind(), labels);
        };
    }
}
