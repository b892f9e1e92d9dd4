package dev.lockstep.evidence.record;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.Map;

/** The result of a case: {@code seen} is {@code expected}, or the problem. */
@JsonPropertyOrder({"name", "expected", "seen", "good", "figures"})
public record CaseResult(String name, String expected, String seen, boolean good, Map<String, Object> figures) {}
