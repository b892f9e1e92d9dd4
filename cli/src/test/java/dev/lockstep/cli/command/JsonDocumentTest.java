package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class JsonDocumentTest {
    @Test
    void of_everyKindOfValue_isReadBack() throws Exception {
        Map<String, Object> document = PlanJson.ordered(
                "text",
                "η \"x\"\n",
                "number",
                1.5,
                "integer",
                1L << 40,
                "flag",
                true,
                "nothing",
                null,
                "unknown",
                Double.NaN,
                "items",
                Arrays.asList(1, "a", List.of()),
                "nested",
                Map.of("a", Map.of()));

        JsonNode json = new ObjectMapper().readTree(JsonDocument.of(document));

        assertThat(json.get("text").asText()).isEqualTo("η \"x\"\n");
        assertThat(json.get("number").asDouble()).isEqualTo(1.5);
        assertThat(json.get("integer").asLong()).isEqualTo(1L << 40);
        assertThat(json.get("flag").isBoolean()).isTrue();
        assertThat(json.get("nothing").isNull()).isTrue();
        assertThat(json.get("unknown").isNull()).isTrue();
        assertThat(json.get("items")).hasSize(3);
        assertThat(json.at("/nested/a").isObject()).isTrue();
    }
}
