package dev.lockstep.train;

/**
 * What a network said about one image.
 *
 * @param index of the sample in its dataset
 * @param label its class
 * @param predicted the class with the largest logit, the first of several
 * @param probability of the predicted class, by softmax
 * @param labelProbability that of its own class
 */
public record Answer(int index, int label, int predicted, double probability, double labelProbability) {
    /** Whether it is the image's class. */
    public boolean isRight() {
        return predicted == label;
    }

    static Answer of(int index, long label, double[] probabilities) {
        int predicted = 0;
        for (int c = 1; c < probabilities.length; c++) {
            predicted = probabilities[c] > probabilities[predicted] ? c : predicted;
        }
        return new Answer(index, (int) label, predicted, probabilities[predicted], probabilities[(int) label]);
    }
}
