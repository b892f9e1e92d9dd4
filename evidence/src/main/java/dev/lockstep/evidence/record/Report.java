package dev.lockstep.evidence.record;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** Collects the cases of a scenario and prints a line per case. */
public final class Report {
    private final PrintStream out;
    private final boolean keep;
    private final List<CaseResult> cases = new ArrayList<>();
    private final List<String> skipped = new ArrayList<>();

    /** With {@code keep}, the folder of a scenario with a failed case is kept. */
    public Report(PrintStream out, boolean keep) {
        this.out = out;
        this.keep = keep;
    }

    public void add(Case one) {
        CaseResult result = one.result();
        cases.add(result);
        out.println((result.good() ? "ok      " : "FAILED  ") + result.name() + ": " + result.seen()
                + (result.figures().isEmpty() ? "" : " " + result.figures()));
    }

    public void skip(String what, String why) {
        skipped.add(what + ": " + why);
        out.println("skipped " + what + ": " + why);
    }

    public void note(String line) {
        out.println("        " + line);
    }

    public List<CaseResult> cases() {
        return List.copyOf(cases);
    }

    public List<String> skipped() {
        return List.copyOf(skipped);
    }

    public boolean failed() {
        return cases.stream().anyMatch(result -> !result.good());
    }

    public boolean keepsFolder() {
        return keep && failed();
    }
}
