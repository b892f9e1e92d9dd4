package dev.lockstep.watch;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.report.RunFolders;
import dev.lockstep.report.RunGlance;
import dev.lockstep.report.RunNames;
import dev.lockstep.report.RunView;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The runs and studies below some folders, by their names; read again as they grow. */
final class WatchedRuns {
    private static final long SEARCH_MILLIS = 2000;

    private final List<Path> roots;
    private final Map<Path, RunView> views = new LinkedHashMap<>();
    private Map<String, Path> names = Map.of();
    private Map<String, Path> studies = Map.of();
    private long searched;

    WatchedRuns(List<Path> roots) {
        this.roots = List.copyOf(roots);
    }

    private void search() {
        long now = System.currentTimeMillis();
        if (now - searched < SEARCH_MILLIS && !names.isEmpty()) {
            return;
        }
        searched = now;
        List<Path> found = RunFolders.runs(roots);
        List<Path> foundStudies = RunFolders.studies(roots);
        List<Path> all = new ArrayList<>(found);
        for (Path study : foundStudies) {
            all.addAll(RunFolders.runs(List.of(study.resolve("runs"))));
        }
        names = named(all);
        studies = named(foundStudies);
        views.keySet().retainAll(all);
    }

    private static Map<String, Path> named(List<Path> folders) {
        Map<String, Path> named = new LinkedHashMap<>();
        folders.forEach(folder -> named.put(RunNames.shortest(folder, folders), folder));
        return named;
    }

    /** Names of runs, newest first, studies' runs included. */
    synchronized List<RunGlance> glances(Instant now) {
        search();
        List<RunGlance> glances = new ArrayList<>();
        names.forEach((name, folder) -> view(name, folder).ifPresent(run -> glances.add(RunGlance.of(run, now))));
        glances.sort(Comparator.comparing(RunGlance::updated).reversed());
        return glances;
    }

    /** All runs that can be read. */
    synchronized List<RunView> all() {
        search();
        List<RunView> all = new ArrayList<>();
        names.forEach((name, folder) -> view(name, folder).ifPresent(all::add));
        return all;
    }

    /** The runs of these names; those that do not exist are left out. */
    synchronized List<RunView> named(Iterable<String> wanted) {
        search();
        List<RunView> found = new ArrayList<>();
        for (String name : wanted) {
            Path folder = names.get(name);
            if (folder != null) {
                view(name, folder).filter(run -> !found.contains(run)).ifPresent(found::add);
            }
        }
        return found;
    }

    /** If there is exactly one run and no study, that one. */
    synchronized Optional<String> only() {
        search();
        return names.size() == 1 && studies.isEmpty()
                ? Optional.of(names.keySet().iterator().next())
                : Optional.empty();
    }

    synchronized List<String> studies() {
        search();
        return List.copyOf(studies.keySet());
    }

    synchronized Optional<Path> study(String name) {
        search();
        return Optional.ofNullable(studies.get(name));
    }

    /** The name of a run's folder; empty if it is none of these. */
    synchronized String nameOf(Path folder) {
        Path wanted = folder.toAbsolutePath().normalize();
        return names.entrySet().stream()
                .filter(entry -> entry.getValue().equals(wanted))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("");
    }

    /** Empty while its first files are being written. */
    private Optional<RunView> view(String name, Path folder) {
        try {
            RunView view = views.get(folder);
            if (view == null) {
                view = RunView.open(folder, name);
                views.put(folder, view);
            } else {
                view.refresh();
            }
            return Optional.of(view);
        } catch (LockstepException | java.io.UncheckedIOException e) {
            return Optional.empty();
        }
    }
}
