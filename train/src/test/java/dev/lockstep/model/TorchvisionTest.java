package dev.lockstep.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.image.ImageShape;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks for ImageNet against torchvision's: golden/imagenet_models.py made the numbers. */
@Tag("slow")
class TorchvisionTest {
    private static final ImageShape SHAPE = new ImageShape(3, 64, 64);
    private static final double EPSILON = 1e-5;

    @BeforeAll
    static void load() {
        TorchRuntime.load();
    }

    static JsonNode golden(String name) throws IOException {
        try (InputStream in = TorchvisionTest.class.getResourceAsStream(name)) {
            return new ObjectMapper().readTree(in);
        }
    }

    static Stream<JsonNode> models() throws IOException {
        return StreamSupport.stream(golden("imagenet-logits.json").get("models").spliterator(), false);
    }

    private static Recipe recipe(String model) {
        return RecipeFile.parse(
                "{name: test, epochs: 1, workers: 1, data: {dataset: synthetic}, model: {name: " + model + "}}",
                "test",
                Map.of());
    }

    private static ImageClassifier network(String model) {
        ImageClassifier network = Models.create(recipe(model).model(), SHAPE, 1000);
        Formula.fill(network.module(), lastNorm(model));
        return network;
    }

    /** The batch norm that ends a residual block; no other network has one of this name. */
    private static String lastNorm(String model) {
        return model.equals("resnet18") || model.equals("resnet34") ? "bn2" : "bn3";
    }

    @ParameterizedTest
    @MethodSource("models")
    void logits_agreeWithTorchvision(JsonNode golden) {
        String model = golden.get("model").asText();
        int images = golden.get("norms").size();
        try (StepScope scope = new StepScope();
                AutoGradMode noGradients = new AutoGradMode(false)) {
            ImageClassifier initial = network(model);
            ParameterLayout layout =
                    ParameterLayout.of(initial.module(), recipe(model).optimizer());
            assertThat(layout.parameterCount())
                    .isEqualTo(golden.get("parameters").asLong());
            Replica replica = Replica.evaluation(initial, new FlatState(layout, initial), EPSILON);

            Tensor pixels = AbstractTensor.create(
                    Formula.images(0, images, SHAPE.width()), images, 3, SHAPE.height(), SHAPE.width());
            Tensor logits =
                    replica.forward(pixels.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2));

            for (int i = 0; i < images; i++) {
                agrees(Tensors.toArray(logits.select(0, i)), golden, i);
            }
        }
    }

    private static void agrees(float[] logits, JsonNode golden, int image) {
        double expectedNorm = golden.get("norms").get(image).asDouble();
        double norm = 0;
        for (float logit : logits) {
            norm += (double) logit * logit;
        }
        assertThat(Math.sqrt(norm)).as("norm of image %d", image).isCloseTo(expectedNorm, within(1e-5 * expectedNorm));
        double tolerance = 1e-4 * expectedNorm / Math.sqrt(logits.length);
        JsonNode some = golden.get("every25th").get(image);
        for (int i = 0; i < some.size(); i++) {
            assertThat((double) logits[25 * i])
                    .as("logit %d of image %d", 25 * i, image)
                    .isCloseTo(some.get(i).asDouble(), within(tolerance));
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void state_hasTorchvisionsNamesShapesAndOrder(JsonNode golden) {
        Map<String, String> expected = new LinkedHashMap<>();
        golden.get("state")
                .properties()
                .forEach(e -> expected.put(e.getKey(), e.getValue().toString()));
        String model = golden.get("model").asText();
        Module network = Models.create(recipe(model).model(), SHAPE, 1000).module();
        ParameterLayout layout = ParameterLayout.of(network, recipe(model).optimizer());
        assertThat(layout.stateNames()).containsExactlyElementsOf(expected.keySet());
        layout.slots()
                .forEach(slot -> assertThat(java.util.Arrays.toString(slot.shape()))
                        .as(slot.name())
                        .isEqualTo(expected.get(slot.name()).replace(",", ", ")));
        layout.norms()
                .forEach(norm -> assertThat("[" + norm.channels() + "]")
                        .as(norm.name())
                        .isEqualTo(expected.get(norm.meanName()))
                        .isEqualTo(expected.get(norm.varianceName())));
    }

    /** In float64, where no ReLU's gate hangs on a rounding: the graph itself is torchvision's. */
    @ParameterizedTest
    @CsvSource({
        "resnet50, /dev/lockstep/train/imagenet-step.json",
        "resnext50_32x4d, resnext-step.json",
        "wide_resnet50_2, wide-resnet-step.json",
        "mobilenet_v2, mobilenet-step.json",
        "shufflenet_v2_x0_5, shufflenet-step.json"
    })
    void gradients_inFloat64_agreeWithTorchvision(String model, String file) throws IOException {
        JsonNode golden = golden(file);
        int workers = golden.get("workers").asInt();
        int n = golden.get("imagesPerWorker").asInt();
        try (StepScope scope = new StepScope()) {
            ImageClassifier network = network(model);
            network.module().to(torch.ScalarType.Double, false);
            network.module().train(true);
            double loss = 0;
            for (int worker = 0; worker < workers; worker++) {
                Tensor pixels = AbstractTensor.create(
                                Formula.images(worker * n, n, SHAPE.width()), n, 3, SHAPE.height(), SHAPE.width())
                        .to(torch.ScalarType.Double);
                Tensor labels = AbstractTensor.create(Formula.labels(worker * n, n));
                Tensor mean = torch.cross_entropy_loss(network.forward(pixels), labels);
                mean.mul(new Scalar(1.0 / workers)).backward();
                loss += mean.item_double() / workers;
            }
            assertThat(loss).isCloseTo(golden.get("loss").asDouble(), within(1e-7));
            var parameters = network.module().named_parameters();
            for (long i = 0; i < parameters.size(); i++) {
                String name = parameters.get(i).key().getString();
                JsonNode expected = golden.get("tensors").get(name);
                agrees(Tensors.toDoubles(parameters.get(i).value().grad()), expected, name);
            }
        }
    }

    private static void agrees(double[] values, JsonNode expected, String name) {
        double norm = 0;
        for (double value : values) {
            norm += value * value;
        }
        // A shift before a batch norm has no gradient but for rounding.
        double scale = Math.max(1e-6, expected.get("norm").asDouble());
        assertThat(Math.sqrt(norm)).as(name).isCloseTo(expected.get("norm").asDouble(), within(1e-7 * scale));
        for (int i = 0; i < expected.get("first").size(); i++) {
            double tolerance = 1e-6 * scale / Math.sqrt(values.length);
            assertThat(values[i])
                    .as("%s[%d]", name, i)
                    .isCloseTo(expected.get("first").get(i).asDouble(), within(tolerance));
            int fromEnd = expected.get("last").size() - i;
            assertThat(values[values.length - fromEnd])
                    .as("%s[−%d]", name, fromEnd)
                    .isCloseTo(expected.get("last").get(i).asDouble(), within(tolerance));
        }
    }
}
