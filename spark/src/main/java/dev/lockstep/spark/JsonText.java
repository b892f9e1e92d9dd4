package dev.lockstep.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import dev.lockstep.text.Json;

/** Records as JSON: what tasks and their processes exchange, whatever serializer Spark is set to. */
final class JsonText {
    private JsonText() {}

    static <T> T read(String json, Class<T> type) {
        try {
            return Json.SNAKE_CASE
                    .readerFor(type)
                    .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .readValue(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
