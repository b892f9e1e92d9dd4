package dev.lockstep.report;

import dev.lockstep.metrics.WorkerTimes;
import dev.lockstep.text.Format;
import java.util.List;
import java.util.Locale;

/** Logical workers × processes: a cell per worker, darker where it took longer, and who is late. */
final class WorkerGrid {
    /** Shades of the style sheet. */
    private static final int SHADES = 5;

    private static final double FASTEST = 0.7;
    private static final double SLOWEST = 1.6;
    /** A worker or a process that takes this many times the median stands out. */
    private static final double STRAGGLES = 1.3;

    private WorkerGrid() {}

    static Html of(WorkerTimes times) {
        double median = median(times.processes().stream()
                .flatMap(process -> process.workerSeconds().stream())
                .toList());
        double usual = median(times.processes().stream()
                .map(WorkerTimes.Process::computeSeconds)
                .toList());
        Html html = new Html().element("h3", "Workers and processes").open("div", "class", "grid");
        for (WorkerTimes.Process process : times.processes()) {
            process(html, process, median, usual);
        }
        html.close();
        return html.element("p", sentence(times, usual, median), "class", "soft");
    }

    private static void process(Html html, WorkerTimes.Process process, double median, double usual) {
        int count = process.workerSeconds().size();
        int last = process.firstWorker() + count - 1;
        boolean late = process.computeSeconds() > STRAGGLES * usual;
        html.open("div", "class", late ? "process late" : "process");
        html.open("p").element("strong", "rank " + process.rank()).text(" " + process.host());
        html.element(
                "span",
                count == 0
                        ? "no workers"
                        : "workers " + process.firstWorker() + "–" + last + ", "
                                + Format.duration(process.computeSeconds()) + (late ? ", late" : ""));
        html.close();
        html.open(
                "ol",
                "class",
                "cells",
                "aria-label",
                count + " workers of rank " + process.rank() + ", the slowest takes "
                        + Format.duration(process.workerSeconds().stream()
                                .mapToDouble(Double::doubleValue)
                                .max()
                                .orElse(0)));
        for (int i = 0; i < count; i++) {
            double seconds = process.workerSeconds().get(i);
            String style = "shade-" + shade(seconds / median) + (seconds > STRAGGLES * median ? " slow" : "");
            html.open(
                            "li",
                            "class",
                            style,
                            "title",
                            "worker " + (process.firstWorker() + i) + ": " + Format.duration(seconds))
                    .close();
        }
        html.close().close();
    }

    private static int shade(double ratio) {
        double part = (ratio - FASTEST) / (SLOWEST - FASTEST);
        return (int) Math.max(0, Math.min(SHADES - 1, Math.floor(part * SHADES)));
    }

    private static String sentence(WorkerTimes times, double usual, double median) {
        WorkerTimes.Process slowest = times.processes().stream()
                .max((a, b) -> Double.compare(a.computeSeconds(), b.computeSeconds()))
                .orElseThrow();
        String who = times.processes().size() > 1 && slowest.computeSeconds() > STRAGGLES * usual
                ? String.format(
                        Locale.ROOT,
                        "Rank %d on %s is late: it computes %.1f × as long as the median process. --worker-split auto"
                                + " moves workers to faster processes.",
                        slowest.rank(),
                        slowest.host(),
                        slowest.computeSeconds() / usual)
                : times.processes().size() > 1 ? "No process is late." : "";
        return ("A cell is a worker; the median takes " + Format.duration(median) + ", darker ones take longer. " + who)
                .strip();
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.isEmpty() ? 1 : Math.max(1e-9, sorted.get(sorted.size() / 2));
    }
}
