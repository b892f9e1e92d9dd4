package dev.lockstep.image;

import dev.lockstep.errors.LockstepException;

/** Checks of labels against the classes of their dataset. */
public final class Labels {
    private Labels() {}

    /**
     * The class of every sample.
     *
     * @param set the name of the dataset in messages, such as {@code training}
     * @throws LockstepException of kind DATA naming the first sample whose label is outside the classes
     */
    public static int[] of(Dataset dataset, String set) {
        int[] labels = new int[dataset.size()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = dataset.label(i);
            require(labels[i], dataset.classNames().size(), set + " sample = " + i);
        }
        return labels;
    }

    /**
     * Checks one label.
     *
     * @param sample which sample it is, for the message
     * @throws LockstepException of kind DATA when it is outside [0, classes)
     */
    public static void require(long label, int classes, String sample) {
        if (label < 0 || label >= classes) {
            throw LockstepException.data(
                    "label = " + label + " is outside the classes",
                    sample + ", classes = " + classes,
                    "give every sample a label from 0 to " + (classes - 1) + ", or name more classes");
        }
    }
}
