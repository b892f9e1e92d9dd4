package dev.lockstep.cli.terminal;

import java.util.ArrayList;
import java.util.List;

/** The loss since the start of this session, in few points: each the mean of equally many steps. */
final class LossCurve {
    private static final int MOST = 16;

    private final List<Double> points = new ArrayList<>();
    private int perPoint = 1;
    private double sum;
    private int count;

    void add(double loss) {
        sum += loss;
        count++;
        if (count == perPoint) {
            points.add(sum / count);
            sum = 0;
            count = 0;
            if (points.size() == MOST) {
                halve();
            }
        }
    }

    private void halve() {
        List<Double> fewer = new ArrayList<>();
        for (int i = 0; i < MOST; i += 2) {
            fewer.add((points.get(i) + points.get(i + 1)) / 2);
        }
        points.clear();
        points.addAll(fewer);
        perPoint *= 2;
    }

    List<Double> points() {
        return List.copyOf(points);
    }
}
