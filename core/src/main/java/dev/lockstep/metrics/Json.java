package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * The mapper of every JSON document that contains numbers. It writes strict JSON: a number that is not finite is null,
 * and null is read as NaN.
 */
public final class Json {
    public static final ObjectMapper MAPPER = new ObjectMapper().registerModule(NotANumber.asNull());

    private Json() {}
}
