package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.cli.CapturedRun;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;

final class ModelCommandTest {
    @TempDir
    private Path folder;

    @Test
    void model_named_printsLayersAndTotals() {
        CapturedRun run = CapturedRun.of("model", "resnet8", "--shape", "1x28x28", "--classes", "10");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("layer2.0.conv1")
                .contains("3×3 convolution, stride 2")
                .contains("32×14×14")
                .contains("every second pixel")
                .contains("resnet8: 75,002 parameters, 480 running statistics");
    }

    @Test
    void model_json_addsUp() throws Exception {
        CapturedRun run = CapturedRun.of("model", "mobilenet_v2", "--json");

        JsonNode document = new ObjectMapper().readTree(run.out());
        long sum = 0;
        for (JsonNode layer : document.get("layers")) {
            sum += layer.get("parameters").asLong();
        }
        assertThat(sum).isEqualTo(document.get("parameters").asLong()).isEqualTo(3_504_872);
    }

    @Test
    void model_svg_drawsEveryOperationAndKeepsOtherFiles() throws Exception {
        Path svg = folder.resolve("net.svg");
        assertThat(CapturedRun.of("model", "resnet8", "--svg", svg.toString()).exitCode())
                .isZero();
        assertThat(CapturedRun.of("model", "resnet20", "--svg", svg.toString()).exitCode())
                .isZero();

        String text = Files.readString(svg);
        Document parsed = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        CapturedRun described = CapturedRun.of("model", "resnet20", "--json");
        int layers = new ObjectMapper().readTree(described.out()).get("layers").size();
        // The background, the image and every layer.
        assertThat(parsed.getElementsByTagName("rect").getLength()).isEqualTo(layers + 2);

        Files.writeString(svg, "mine");
        CapturedRun refused = CapturedRun.of("model", "resnet8", "--svg", svg.toString());
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("was not written by this command");
        assertThat(svg).hasContent("mine");
    }

    @Test
    void model_withoutName_listsNames() {
        assertThat(CapturedRun.of("model").out().lines()).contains("resnet50", "mobilenet_v2", "shufflenet_v2_x1_0");
    }

    @ParameterizedTest
    @CsvSource({
        "resnet9, 3x8x8, 10, 'no such network'",
        "own-network, 3x8x8, 10, 'it does not describe its layers'",
        "resnet8, 3x8, 10, 'write channels, height and width'",
        "resnet8, 3x0x8, 10, 'every number must be at least 1'",
        "resnet8, 3x8x8, 0, '--classes = 0'",
    })
    void model_wrongArguments_areRefused(String name, String shape, String classes, String message) {
        CapturedRun run = CapturedRun.of("model", name, "--shape", shape, "--classes", classes);

        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).startsWith("error: ").contains(message);
    }
}
