package dev.lockstep.image.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.format.ContentDigest;
import dev.lockstep.sampling.KeyedRandom;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Compares the transforms with torchvision's (using Pillow) on real photographs from the Debian packages {@code
 * lomiri-wallpapers-16.04} and {@code mate-backgrounds}. Their folder is {@code /usr/share/backgrounds} or {@code
 * LOCKSTEP_BACKGROUNDS}. {@code photograph_goldens.py} creates the golden files.
 */
@Tag("slow")
final class PhotographAgreementTest {
    private static final int SIDE = 224;
    /** In units of 1/256; the requirement is a mean of 1. */
    private static final double MOST = 1.0;

    private static final Normalization BYTES =
            new Normalization(List.of(0.0, 0.0, 0.0), List.of(1 / 255.0, 1 / 255.0, 1 / 255.0));

    private record Photograph(JsonNode golden, ImageData.Encoded image) {}

    @Test
    void evaluation_agreesWithTorchvision() throws IOException {
        PhotographTransform transform = PhotographTransform.evaluation(SIDE, BYTES);
        for (Photograph photograph : photographs()) {
            double difference = difference(
                    transform,
                    photograph.image,
                    0,
                    photograph.golden.get("evaluation").asText());
            assertThat(difference).as(photograph.image.name()).isLessThanOrEqualTo(MOST);
        }
    }

    @Test
    void training_agreesWithTorchvision() throws IOException {
        PhotographTransform transform = PhotographTransform.training(SIDE, false, false, BYTES);
        for (Photograph photograph : photographs()) {
            for (var entry : photograph.golden.get("training").properties()) {
                double difference = difference(
                        transform,
                        photograph.image,
                        Long.parseLong(entry.getKey()),
                        entry.getValue().asText());
                assertThat(difference)
                        .as(photograph.image.name() + " key " + entry.getKey())
                        .isLessThanOrEqualTo(MOST);
            }
        }
    }

    private static double difference(PhotographTransform transform, ImageData image, long key, String golden) {
        FloatBuffer seen = FloatBuffer.allocate(SIDE * SIDE * 3);
        transform.apply(image, KeyedRandom.of(key), seen);
        byte[] expected = Base64.getDecoder().decode(golden);
        double sum = 0;
        int at = 0;
        for (int y = 8; y < SIDE; y += 16) {
            for (int x = 8; x < SIDE; x += 16) {
                for (int channel = 0; channel < 3; channel++) {
                    sum += Math.abs(seen.get((y * SIDE + x) * 3 + channel) - (expected[at++] & 0xFF));
                }
            }
        }
        assertThat(at).isEqualTo(expected.length);
        return sum / at;
    }

    private static List<Photograph> photographs() throws IOException {
        Path folder = Path.of(
                Optional.ofNullable(System.getenv("LOCKSTEP_BACKGROUNDS")).orElse("/usr/share/backgrounds"));
        List<Photograph> found = new ArrayList<>();
        try (InputStream json = PhotographAgreementTest.class.getResourceAsStream("photographs.json")) {
            for (JsonNode golden : new ObjectMapper().readTree(Objects.requireNonNull(json))) {
                Path file = folder.resolve(golden.get("name").asText());
                if (Files.exists(file)
                        && ContentDigest.of(file).equals(golden.get("sha256").asText())) {
                    found.add(new Photograph(golden, new ImageData.Encoded(file.toString(), Files.readAllBytes(file))));
                }
            }
        }
        String without = "needs the Debian packages lomiri-wallpapers-16.04 and mate-backgrounds: found " + found.size()
                + " of their photographs in " + folder;
        if (System.getenv("LOCKSTEP_ALL_TESTS") != null) {
            assertThat(found).as(without).hasSizeGreaterThanOrEqualTo(20);
        }
        assumeTrue(found.size() >= 20, without);
        return found;
    }
}
