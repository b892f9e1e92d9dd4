package dev.lockstep.text;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.EnumFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * The mapper of every JSON document. What it writes is strict JSON: a number that is not finite is null, and null is read as
 * NaN.
 */
public final class Json {
    /** Keys are the Java names. */
    public static final JsonMapper MAPPER =
            JsonMapper.builder().addModule(NotANumber.asNull()).build();

    /** Keys in snake case, enum constants in lower case; components that are null are omitted. */
    public static final JsonMapper SNAKE_CASE = MAPPER.rebuild()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
            .enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    private Json() {}

    /** A record on one line, in snake case. */
    public static String line(Object document) {
        try {
            return SNAKE_CASE.writeValueAsString(document);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A record on several lines, in snake case. */
    public static String pretty(Object document) {
        try {
            return SNAKE_CASE.writerWithDefaultPrettyPrinter().writeValueAsString(document);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
