package dev.lockstep.study;

import java.util.List;

/** Follows a study as it runs. Called from several threads when runs go side by side. */
public interface StudyListener {
    /** Before the first run. {@code finished} are those that an earlier session has brought to their end. */
    default void onStart(List<StudyRun> grid, List<StudyRun> finished) {}

    default void onRunStart(StudyRun run) {}

    default void onRunEnd(StudyRun run, RunSummary summary) {}
}
