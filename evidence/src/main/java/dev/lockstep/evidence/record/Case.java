package dev.lockstep.evidence.record;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One expectation, the observation, and figures. */
public final class Case {
    private final String name;
    private final String expected;
    private final List<String> wrong = new ArrayList<>();
    private final Map<String, Object> figures = new LinkedHashMap<>();

    public Case(String name, String expected) {
        this.name = name;
        this.expected = expected;
    }

    /** Records a problem unless a condition holds. */
    public void claim(boolean holds, String otherwise) {
        if (!holds) {
            wrong.add(otherwise);
        }
    }

    public void wrong(String what) {
        wrong.add(what);
    }

    /** Compares; the observed value becomes a figure. */
    public void equal(String what, Object expectation, Object seen) {
        figure(what, seen);
        claim(seen.equals(expectation), what + " is " + seen + " instead of " + expectation);
    }

    /** A number, or a short text, with the title of its column. */
    public void figure(String column, Object value) {
        figures.put(column, value);
    }

    CaseResult result() {
        boolean good = wrong.isEmpty();
        return new CaseResult(name, expected, good ? expected : String.join("; ", wrong), good, figures);
    }
}
