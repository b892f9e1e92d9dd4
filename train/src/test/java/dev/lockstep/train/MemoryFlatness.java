package dev.lockstep.train;

import dev.lockstep.collective.SoloCollective;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;

/**
 * Shows that a long run's memory stays flat: trains with evaluations and checkpoints, prints resident memory and live
 * native objects as it goes, and their slope over the second half. Not part of the suite, since it takes minutes. Run it
 * with a heap of fixed size, or the heap's own growth shows:
 *
 * <pre>
 * java -Xms512m -Xmx512m -XX:+AlwaysPreTouch -cp … dev.lockstep.train.MemoryFlatness 1000 2
 * </pre>
 */
final class MemoryFlatness {
    private MemoryFlatness() {}

    /**
     * @param args steps, lanes
     */
    public static void main(String[] args) throws IOException {
        int steps = Integer.parseInt(args[0]);
        int lanes = Integer.parseInt(args[1]);
        // 25 steps an epoch.
        Recipe recipe = TestRuns.recipe(
                "workers", "4",
                "images-per-worker", "8",
                "epochs", Integer.toString((steps + 24) / 25),
                "data.dataset", "synthetic:images=800,validation=100,shape=3x16x16,classes=10",
                "data.augmentation", "pad-crop-flip",
                "model.width", "8",
                "learning-rate.reference", "0.01");
        Path folder = Files.createTempDirectory("memory");
        Curve curve = new Curve(steps / 20);
        RunOptions options =
                RunOptions.defaults().withLanes(lanes).withCheckpoints(10, 2).withStopAfter(steps);
        Training run = Training.create(recipe, Models::create, TestRuns.data(recipe), new SoloCollective())
                .options(options);
        run.listener(curve).start(folder);
        curve.summary();
    }

    private static final class Curve implements RunListener {
        private final int every;
        private final List<double[]> points = new ArrayList<>();

        Curve(int every) {
            this.every = every;
        }

        @Override
        public void on(Event event) {
            if (event instanceof Event.Step step) {
                onStep(step.metrics());
            }
        }

        private void onStep(StepMetrics step) {
            if (step.step() % every == 0) {
                double[] point = {step.step(), residentKilobytes(), directKilobytes(), Pointer.totalCount()};
                points.add(point);
                System.out.printf(
                        "step %6.0f  resident %9.0f KiB  direct buffers %7.0f KiB  native objects %6.0f%n",
                        point[0], point[1], point[2], point[3]);
            }
        }

        void summary() {
            System.out.printf(
                    "a step, over the second half: resident %+.2f KiB, direct buffers %+.2f KiB, native objects %+.3f%n",
                    slope(1), slope(2), slope(3));
        }

        private double slope(int column) {
            List<double[]> half = points.subList(points.size() / 2, points.size());
            double meanX = half.stream().mapToDouble(p -> p[0]).average().orElse(0);
            double meanY = half.stream().mapToDouble(p -> p[column]).average().orElse(0);
            double up = half.stream()
                    .mapToDouble(p -> (p[0] - meanX) * (p[column] - meanY))
                    .sum();
            double down = half.stream()
                    .mapToDouble(p -> (p[0] - meanX) * (p[0] - meanX))
                    .sum();
            return up / down;
        }

        private static double directKilobytes() {
            return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                            .filter(pool -> pool.getName().equals("direct"))
                            .mapToLong(BufferPoolMXBean::getMemoryUsed)
                            .sum()
                    / 1024.0;
        }

        private static double residentKilobytes() {
            try {
                return Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("VmRSS"))
                        .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")))
                        .findFirst()
                        .orElse(Double.NaN);
            } catch (IOException e) {
                return Double.NaN;
            }
        }
    }
}
