package dev.lockstep.study;

import java.util.List;

/** Observes a study as it runs. Called from several threads when runs execute in parallel. */
public interface StudyListener {
    /** Called before the first run. {@code finished} holds the runs that need no training any more. */
    default void onStart(List<StudyRun> grid, List<StudyRun> finished) {}

    /** Called when a run starts or resumes. */
    default void onRunStart(StudyRun run) {}

    /** Called when a run has completed or diverged. */
    default void onRunEnd(StudyRun run, RunSummary summary) {}
}
