package dev.lockstep.collective;

/**
 * One message of an all-reduce, seen from one of its ends.
 *
 * @param peer the rank at the other end
 * @param from the first element of the buffer that it carries
 * @param to one past the last; never equal to {@code from}
 */
record Transfer(Kind kind, int peer, long from, long to) {
    enum Kind {
        /** A partial sum is sent to the peer, which adds it. */
        GIVE,
        /** The other end of {@link #GIVE}: elements are received and added; the lower rank's sum is the left operand. */
        ADD,
        /** A complete sum is sent to the peer. */
        SHARE,
        /** The other end of {@link #SHARE}: elements are received and replace the present ones. */
        COPY
    }

    long length() {
        return to - from;
    }
}
