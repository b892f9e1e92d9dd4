package dev.lockstep.train;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a network gets right and wrong: by class, by pair of classes, by confidence, and the images that it is most wrong
 * about.
 *
 * @param classNames by class
 * @param answers one for each image, in the order of the dataset
 */
public record AnswerSheet(List<String> classNames, List<Answer> answers) {
    /** As many bins of equal width as in Guo et al. 2017. */
    private static final int BINS = 15;

    public AnswerSheet {
        classNames = List.copyOf(classNames);
        answers = List.copyOf(answers);
    }

    /**
     * The results of one class.
     *
     * @param images of the class
     * @param wrong those that were taken for another class
     * @param error fraction in [0, 1] of its images; NaN without images
     * @param predicted images that were taken for this class
     * @param precision fraction in [0, 1] of those that are of this class; NaN if there are none
     */
    public record ClassResult(String name, int images, int wrong, double error, int predicted, double precision) {}

    /** Images of one class that were taken for another, at least one. */
    public record Confusion(int label, int predicted, int images) {}

    /**
     * The images whose predicted class had a probability in (from, to].
     *
     * @param confidence mean probability of the predicted class
     * @param accuracy fraction in [0, 1] of right answers
     */
    public record Bin(double from, double to, int images, double confidence, double accuracy) {}

    /**
     * How far probabilities can be trusted (Guo et al. 2017, arXiv 1706.04599).
     *
     * @param expectedError expected calibration error: the mean over images of |accuracy − confidence| of their bin
     * @param bins those with images
     */
    public record Calibration(double expectedError, List<Bin> bins) {
        public Calibration {
            bins = List.copyOf(bins);
        }
    }

    /** By label, then by predicted class: the number of images. */
    public int[][] confusionMatrix() {
        int[][] counts = new int[classNames.size()][classNames.size()];
        answers.forEach(answer -> counts[answer.label()][answer.predicted()]++);
        return counts;
    }

    /** In the order of the classes. */
    public List<ClassResult> classes() {
        int[][] counts = confusionMatrix();
        return IntStream.range(0, counts.length)
                .mapToObj(c -> {
                    int images = IntStream.of(counts[c]).sum();
                    int predicted = IntStream.range(0, counts.length)
                            .map(i -> counts[i][c])
                            .sum();
                    int wrong = images - counts[c][c];
                    return new ClassResult(
                            classNames.get(c),
                            images,
                            wrong,
                            (double) wrong / images,
                            predicted,
                            (double) counts[c][c] / predicted);
                })
                .toList();
    }

    /** The pairs that are confused, the most frequent first. */
    public List<Confusion> confusions() {
        int[][] counts = confusionMatrix();
        return IntStream.range(0, counts.length)
                .boxed()
                .flatMap(label -> IntStream.range(0, counts.length)
                        .filter(predicted -> predicted != label && counts[label][predicted] > 0)
                        .mapToObj(predicted -> new Confusion(label, predicted, counts[label][predicted])))
                .sorted(Comparator.comparingInt(Confusion::images).reversed())
                .toList();
    }

    /** In bins of equal width. */
    public Calibration calibration() {
        double[] confidence = new double[BINS];
        int[] right = new int[BINS];
        int[] images = new int[BINS];
        for (Answer answer : answers) {
            int bin = Math.min(BINS - 1, Math.max(0, (int) Math.ceil(answer.probability() * BINS) - 1));
            confidence[bin] += answer.probability();
            right[bin] += answer.isRight() ? 1 : 0;
            images[bin]++;
        }
        List<Bin> bins = IntStream.range(0, BINS)
                .filter(bin -> images[bin] > 0)
                .mapToObj(bin -> new Bin(
                        (double) bin / BINS,
                        (double) (bin + 1) / BINS,
                        images[bin],
                        confidence[bin] / images[bin],
                        (double) right[bin] / images[bin]))
                .toList();
        double error = bins.stream()
                .mapToDouble(bin -> Math.abs(bin.accuracy - bin.confidence) * bin.images)
                .sum();
        return new Calibration(error / answers.size(), bins);
    }

    /** The wrong answers, those first whose own class has the lowest probability. */
    public List<Answer> worst(int most) {
        return answers.stream()
                .filter(answer -> !answer.isRight())
                .sorted(Comparator.comparingDouble(Answer::labelProbability).thenComparingInt(Answer::index))
                .limit(most)
                .toList();
    }
}
