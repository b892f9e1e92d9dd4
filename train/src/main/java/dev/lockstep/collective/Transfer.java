package dev.lockstep.collective;

/**
 * One message of an all-reduce, as one of its two ends sees it.
 *
 * @param peer the rank at the other end
 * @param from the first element of the buffer that it carries
 * @param to one past the last; never equal to {@code from}
 */
record Transfer(Kind kind, int peer, long from, long to) {
    enum Kind {
        /** A sum that is not complete goes to the peer, which adds it. */
        GIVE,
        /** The other end of {@link #GIVE}: elements come and are added; the lower rank's sum is the left operand. */
        ADD,
        /** A complete sum goes to the peer. */
        SHARE,
        /** The other end of {@link #SHARE}: elements come and replace what is there. */
        COPY
    }

    long length() {
        return to - from;
    }
}
