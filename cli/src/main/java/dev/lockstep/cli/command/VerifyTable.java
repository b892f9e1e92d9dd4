package dev.lockstep.cli.command;

import dev.lockstep.text.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What {@code verify} found: a row for each run, how far its weights are from float64, and what that means. */
final class VerifyTable {
    /** Up to here |w − w₆₄| / |w₆₄| is rounding of float32. */
    private static final double ROUNDING = 1e-3;

    private static final String DIFFERENT = "DIFFERENT";

    /** One line of the table; {@code distance} is NaN where it is that of the reference. */
    record Row(
            int processes, int lanes, String collective, String run, String weights, String verdict, double distance) {}

    private record Document(int steps, List<Row> rows, boolean bitwise, double distanceToFloat64) {}

    private final int steps;
    private final List<Row> rows = new ArrayList<>();
    private double distance = Double.NaN;

    VerifyTable(int steps) {
        this.steps = steps;
    }

    String heading(String recipe) {
        return String.format(
                Locale.ROOT,
                "%d steps of %s: the weights after them by SHA-256, against one process with one lane%n%s",
                steps,
                recipe,
                line("procs", "lanes", "collective", "verdict", "weights", "run"));
    }

    /** Adds a run of the tree collective; the first one is the reference. Returns its line. */
    String addTree(int processes, int lanes, String run, String weights) {
        String verdict = rows.isEmpty() ? "reference" : weights.equals(rows.get(0).weights) ? "same" : DIFFERENT;
        return add(new Row(processes, lanes, "tree", run, weights, verdict, Double.NaN));
    }

    /** Adds a run whose sums may be in another order: it must be as near to float64, not equal. */
    String addNative(int processes, int lanes, String weights, double distance) {
        String verdict = weights.equals(rows.get(0).weights) ? "same" : distance < ROUNDING ? "rounding" : "WRONG";
        String run = String.format(Locale.ROOT, "straight, %.2g of |w| from float64", distance);
        return add(new Row(processes, lanes, "native", run, weights, verdict, distance));
    }

    private String add(Row row) {
        rows.add(row);
        return line(row.processes, row.lanes, row.collective, row.verdict, row.weights.substring(0, 16), row.run);
    }

    private static String line(
            Object processes, Object lanes, String collective, String verdict, String weights, String run) {
        return String.format(
                Locale.ROOT, "%5s %5s  %-10s %-10s %-18s %s", processes, lanes, collective, verdict, weights, run);
    }

    /** @param distance of the reference to float64 */
    void distance(double distance) {
        this.distance = distance;
    }

    /** Whether every run of the tree collective has the bits of the reference. */
    private boolean isBitwise() {
        return rows.stream().noneMatch(row -> row.verdict.equals(DIFFERENT));
    }

    boolean isGood() {
        return isBitwise() && distance < ROUNDING && rows.stream().noneMatch(row -> row.verdict.equals("WRONG"));
    }

    String conclusion() {
        return String.format(
                        Locale.ROOT,
                        "distance to a float64 computation of the same %d steps: %.2g of |w|%n",
                        steps,
                        distance)
                + (isBitwise()
                        ? "the weights are the same, bit by bit, in every run of the tree collective"
                        : "THE WEIGHTS DIFFER: run 'lockstep doctor', and report it as a bug of Lockstep")
                + (distance < ROUNDING ? "" : String.format("%n%s", tooFar()))
                + (rows.stream().noneMatch(row -> row.verdict.equals("WRONG"))
                        ? ""
                        : String.format("%nTHE NATIVE COLLECTIVE IS FAR FROM FLOAT64: report it as a bug of Lockstep"));
    }

    private String tooFar() {
        return Double.isNaN(distance)
                ? "THE WEIGHTS ARE NOT NUMBERS, so that nothing is shown: the recipe diverges, lower its learning rate"
                : String.format(
                        Locale.ROOT,
                        "THE WEIGHTS ARE FURTHER FROM FLOAT64 THAN ROUNDING (%.0e): the recipe amplifies rounding, try"
                                + " fewer --steps; if they are far after 2, report it as a bug of Lockstep",
                        ROUNDING);
    }

    String toJson() {
        return Json.line(new Document(steps, rows, isBitwise(), distance));
    }
}
