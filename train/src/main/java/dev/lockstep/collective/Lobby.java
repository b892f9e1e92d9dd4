package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.GroupFile;
import dev.lockstep.supervise.NextGroup;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.SupervisorAddress;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a process reports to get a place in an elastic group that no launcher keeps: where the group's file says that its keeper
 * is, if any process of it answers; else at the master. A process that comes back has the variables that its machine always had,
 * but the group may be elsewhere by now. Its number then is one that no process has had.
 */
final class Lobby {
    private static final Duration LOOK_EVERY = Duration.ofSeconds(2);

    private final GroupEnvironment place;
    private final Terms terms;
    private final @Nullable GroupFile file;
    private SupervisorAddress address;
    private int number;
    private int keeper = GroupFile.NOBODY;
    private volatile boolean isHere;
    private volatile GroupFile.@Nullable Found elsewhere;
    private long looked;

    /** Looks for the group; see {@link GroupFile#seek}. */
    Lobby(GroupEnvironment place, Terms terms) {
        this.place = place;
        this.terms = terms;
        this.number = place.rank();
        this.address = new SupervisorAddress(place.masterAddress(), place.masterPort());
        GroupOptions options = terms.options();
        this.file = options.file()
                .map(path -> new GroupFile(path, terms.secret(), options.peerTimeout(), options.notices()))
                .orElse(null);
        look(GroupFile.NOBODY);
    }

    @Nullable
    GroupFile file() {
        return file;
    }

    /** Whether a group runs already. */
    boolean isFound() {
        return keeper != GroupFile.NOBODY;
    }

    /** The number of this process; final once it has a place. */
    int number() {
        return number;
    }

    /** This process itself keeps the group, and its lobby is here. */
    void isAt(SupervisorAddress own) {
        address = own;
        isHere = true;
        GroupFile says = file;
        if (says != null) {
            Thread looking = new Thread(() -> lookOut(says), "lockstep-look-out");
            looking.setDaemon(true);
            looking.start();
        }
    }

    /** While this process gathers a group, it may turn out that another one runs. */
    private void lookOut(GroupFile says) {
        while (isHere && elsewhere == null) {
            says.glance().ifPresent(found -> elsewhere = found);
            try {
                Thread.sleep(LOOK_EVERY.toMillis());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Looks for a group whose keeper is another one; if there is none, it may begin only now, at the master. */
    private boolean look(int before) {
        Optional<GroupFile.Found> found = file == null ? Optional.empty() : file.seek(before);
        set(found);
        return found.isPresent();
    }

    private void set(Optional<GroupFile.Found> found) {
        keeper = found.map(GroupFile.Found::keeper).orElse(GroupFile.NOBODY);
        number = found.map(GroupFile.Found::next).orElse(0) + place.rank();
        address = found.map(GroupFile.Found::lobby)
                .orElseGet(() -> new SupervisorAddress(place.masterAddress(), place.masterPort()));
        looked = System.nanoTime();
    }

    private SupervisorAddress address() {
        if (!isHere && System.nanoTime() - looked > LOOK_EVERY.toNanos()) {
            look(GroupFile.NOBODY);
        }
        return address;
    }

    /**
     * Reports, and waits until the keeper gives this process a place; if the keeper is lost meanwhile, at the next one.
     *
     * @return empty if this process keeps a group that has not begun, and another group runs: this one is to be given up
     */
    Optional<NextGroup> awaitPlace() {
        Duration patience = terms.options().joinTimeout();
        long begun = System.nanoTime();
        while (true) {
            SupervisorWatch waiting = SupervisorWatch.lobby(
                    this::address,
                    channel -> Place.of(number, isFound() ? number + 1 : place.size(), Place.SAME, 0)
                            .request(),
                    this::number,
                    terms);
            Optional<LockstepException> reason = Optional.empty();
            while (reason.isEmpty()) {
                reason = waiting.awaitPlace(LOOK_EVERY);
                if (reason.isEmpty() && System.nanoTime() - begun > patience.toNanos()) {
                    reason = Optional.of(waiting.missing(0, patience));
                }
                GroupFile.Found other = elsewhere;
                if (reason.isEmpty() && isHere && other != null) {
                    isHere = false;
                    waiting.close();
                    set(Optional.of(other));
                    return Optional.empty();
                }
            }
            waiting.close();
            boolean wasHere = isHere;
            isHere = false;
            if (waiting.next().isPresent()) {
                return waiting.next();
            }
            if (wasHere || !look(keeper)) {
                throw reason.get();
            }
        }
    }
}
