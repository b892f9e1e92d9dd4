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
    private boolean isHere;
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
    void is(SupervisorAddress own) {
        address = own;
        isHere = true;
    }

    /** Looks for a group whose keeper is another one; the group may also begin only now, at the master. */
    private boolean look(int before) {
        Optional<GroupFile.Found> found = file == null ? Optional.empty() : file.seek(before);
        keeper = found.map(GroupFile.Found::keeper).orElse(GroupFile.NOBODY);
        number = found.map(GroupFile.Found::next).orElse(0) + place.rank();
        address = found.map(GroupFile.Found::lobby)
                .orElseGet(() -> new SupervisorAddress(place.masterAddress(), place.masterPort()));
        looked = System.nanoTime();
        return found.isPresent();
    }

    private SupervisorAddress address() {
        if (!isHere && System.nanoTime() - looked > LOOK_EVERY.toNanos()) {
            look(GroupFile.NOBODY);
        }
        return address;
    }

    /**
     * Reports, and waits until the keeper gives this process a place; if the keeper of a group that runs is lost meanwhile, at the
     * next one.
     */
    NextGroup awaitPlace() {
        while (true) {
            SupervisorWatch waiting = SupervisorWatch.lobby(
                    this::address,
                    channel -> Place.of(number, isFound() ? number + 1 : place.size(), Place.SAME, 0)
                            .request(),
                    this::number,
                    terms);
            LockstepException reason = waiting.awaitPlace(terms.options().joinTimeout());
            waiting.close();
            Optional<NextGroup> next = waiting.next();
            if (next.isPresent()) {
                return next.get();
            }
            if (!isFound() || !look(keeper)) {
                throw reason;
            }
        }
    }
}
