package dev.lockstep.evidence.record;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.Map;

/** A case as it was seen: {@code seen} is {@code expected}, or what was wrong instead. */
@JsonPropertyOrder({"name", "expected", "seen", "good", "figures"})
public record CaseResult(String name, String expected, String seen, boolean good, Map<String, Object> figures) {}
