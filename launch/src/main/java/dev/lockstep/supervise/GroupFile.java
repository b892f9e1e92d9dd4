package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file on shared storage by which a process finds an elastic group that no launcher keeps: a machine that comes back, or a new
 * one. The process that keeps the group writes where it listens, and where all others stand by, whenever the group has changed.
 * The file is a hint and needs no protection: whoever answers at its addresses must prove the group's secret.
 *
 * <pre>
 * keeper 2 node7:29500
 * term 1
 * next 9
 * process 2 10.0.0.7:40123
 * process 3 10.0.0.8:40044
 * </pre>
 */
public final class GroupFile {
    /** The name of the file in a run folder. */
    public static final String NAME = "group.txt";
    /** In place of the number of a keeper. */
    public static final int NOBODY = -1;

    private static final int LONGEST = 1 << 20;
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final int CONNECT_MILLIS = 3000;
    private static final Pattern KEEPER = Pattern.compile("keeper ([0-9]{1,9}) (\\S{1,262})");
    private static final Pattern TERM = Pattern.compile("term ([0-9]{1,9})");
    private static final Pattern NEXT = Pattern.compile("next ([0-9]{1,9})");
    private static final Pattern PROCESS = Pattern.compile("process ([0-9]{1,9}) (\\S{1,262})");

    private final Path file;
    private final GroupSecret secret;
    private final Duration patience;
    private final Consumer<String> notices;
    private final AtomicLong version = new AtomicLong();

    /** @param patience how long a process may be silent */
    public GroupFile(Path file, GroupSecret secret, Duration patience, Consumer<String> notices) {
        this.file = file;
        this.secret = secret;
        this.patience = patience;
        this.notices = notices;
    }

    /**
     * What the file says.
     *
     * @param keeper the number of the process that keeps the group
     * @param lobby where others report to join it
     * @param term how many keepers there were before, in this run and those that it resumes
     * @param next a number that no process has had, nor any greater one
     * @param standby where each process answers, by number
     */
    record Content(int keeper, SupervisorAddress lobby, int term, int next, Map<Integer, SupervisorAddress> standby) {
        Found found() {
            return new Found(keeper, lobby, next);
        }

        /** Whether this keeper has followed another one, and not the other way round. */
        boolean isAfter(Content other) {
            return term > other.term || term == other.term && keeper > other.keeper;
        }

        String text() {
            StringBuilder text =
                    new StringBuilder("keeper " + keeper + " " + lobby + "\nterm " + term + "\nnext " + next + "\n");
            new TreeMap<>(standby)
                    .forEach((number, at) -> text.append("process ")
                            .append(number)
                            .append(' ')
                            .append(at)
                            .append('\n'));
            return text.toString();
        }

        /** Empty when the text has another form. */
        static Optional<Content> parse(String text) {
            String[] lines = text.split("\n", -1);
            Matcher keeper = KEEPER.matcher(lines[0]);
            Matcher term = TERM.matcher(lines.length > 1 ? lines[1] : "");
            Matcher next = NEXT.matcher(lines.length > 2 ? lines[2] : "");
            if (!keeper.matches() || !term.matches() || !next.matches() || !lines[lines.length - 1].isEmpty()) {
                return Optional.empty();
            }
            Map<Integer, SupervisorAddress> standby = new TreeMap<>();
            try {
                for (int i = 3; i < lines.length - 1; i++) {
                    Matcher process = PROCESS.matcher(lines[i]);
                    if (!process.matches()) {
                        return Optional.empty();
                    }
                    standby.put(Integer.parseInt(process.group(1)), SupervisorAddress.parse(process.group(2)));
                }
                return Optional.of(new Content(
                        Integer.parseInt(keeper.group(1)),
                        SupervisorAddress.parse(keeper.group(2)),
                        Integer.parseInt(term.group(1)),
                        Integer.parseInt(next.group(1)),
                        standby));
            } catch (LockstepException e) {
                return Optional.empty();
            }
        }
    }

    /**
     * Where a group is.
     *
     * @param keeper the number of the process that keeps it
     * @param lobby where to report
     * @param next the first of the numbers that no process has had
     */
    public record Found(int keeper, SupervisorAddress lobby, int next) {}

    /**
     * Looks for the group. If some process of it answers and the keeper does not, waits until the others have chosen another one. If
     * some process is neither there nor gone for certain, waits for as long as one may be silent.
     *
     * @param before the number of the keeper that this process has lost; {@link #NOBODY} for none
     * @return empty when there is no file, when nobody in it answers, or when the keeper {@code before} is still there: then it
     *     has refused this process
     */
    public Optional<Found> seek(int before) {
        long begun = System.nanoTime();
        while (true) {
            Optional<Content> content = read();
            Presence presence = content.map(this::presence).orElse(Presence.GONE);
            if (content.isEmpty() || presence == Presence.GONE) {
                return Optional.empty();
            }
            Content found = content.get();
            if (presence == Presence.ANSWERS && listens(found.lobby)) {
                return found.keeper == before ? Optional.empty() : Optional.of(found.found());
            }
            Duration limit = presence == Presence.ANSWERS ? patience.multipliedBy(3) : patience;
            if (System.nanoTime() - begun > limit.toNanos()) {
                return Optional.empty();
            }
            Threads.pause(PAUSE);
        }
    }

    /** Looks for the group once. */
    public Optional<Found> glance() {
        return read().filter(content -> presence(content) == Presence.ANSWERS && listens(content.lobby))
                .map(Content::found);
    }

    private Optional<Content> read() {
        try {
            return Files.size(file) > LONGEST ? Optional.empty() : Content.parse(Files.readString(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private enum Presence {
        ANSWERS,
        /** Its machine says that nobody listens there, or somebody else does. */
        GONE,
        /** It may be stopped, or the network is not there yet. */
        UNKNOWN
    }

    /** Whether any process answers; gone only if all are. */
    private Presence presence(Content content) {
        BlockingQueue<Presence> answers = new LinkedBlockingQueue<>();
        content.standby.values().forEach(at -> Threads.start("lockstep-probe", () -> answers.add(presence(at))));
        Presence all = Presence.GONE;
        try {
            for (int i = 0; i < content.standby.size() && all != Presence.ANSWERS; i++) {
                Presence one = answers.take();
                all = one == Presence.GONE ? all : one;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Presence.GONE;
        }
        return all;
    }

    private Presence presence(SupervisorAddress at) {
        try (Socket socket = connect(at)) {
            Handshake.request(socket, secret, Succession.ALIVE, "address = " + at);
            return Presence.ANSWERS;
        } catch (SocketTimeoutException | NoRouteToHostException | UnknownHostException e) {
            return Presence.UNKNOWN;
        } catch (IOException | RuntimeException e) {
            return Presence.GONE;
        }
    }

    private static boolean listens(SupervisorAddress at) {
        try (Socket socket = connect(at)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private static Socket connect(SupervisorAddress at) throws IOException {
        Socket socket = new Socket();
        boolean done = false;
        try {
            socket.connect(new InetSocketAddress(at.host(), at.port()), CONNECT_MILLIS);
            done = true;
            return socket;
        } finally {
            if (!done) {
                socket.close();
            }
        }
    }

    /** Writes the file soon, unless it is to say something else before. A failure is a notice. */
    void write(Content content) {
        later(() -> DurableFiles.write(file, content.text()));
    }

    /**
     * Writes the file again if it names another keeper, or none, and this one has not been followed by it: when a network is parted,
     * two parts of a group may both write it.
     *
     * @return the number of the keeper that has followed this one, whose group is there: this one was stopped or cut off for so
     *     long that the others have given it up
     */
    Optional<Integer> defend(Content content) {
        Optional<Content> said = read();
        if (said.filter(found -> found.keeper == content.keeper && found.term == content.term)
                .isPresent()) {
            return Optional.empty();
        }
        Optional<Content> follower =
                said.filter(found -> found.isAfter(content) && presence(found) == Presence.ANSWERS);
        if (follower.isEmpty()) {
            write(content);
        }
        return follower.map(found -> found.keeper);
    }

    /** The term of the next keeper. */
    int nextTerm(int known) {
        return Math.max(known, read().map(content -> content.term).orElse(known)) + 1;
    }

    /** The group has ended; does nothing if another process keeps it by now. */
    void delete(int keeper) {
        later(() -> {
                    if (read().filter(content -> content.keeper == keeper).isPresent()) {
                        Files.deleteIfExists(file);
                    }
                })
                .join();
    }

    private interface Change {
        void make() throws IOException;
    }

    private CompletableFuture<Void> later(Change change) {
        long own = version.incrementAndGet();
        CompletableFuture<Void> done = new CompletableFuture<>();
        Threads.start("lockstep-group-file", () -> {
            try {
                makeIfNewest(change, own);
            } finally {
                done.complete(null);
            }
        });
        return done;
    }

    private synchronized void makeIfNewest(Change change, long own) {
        if (own != version.get()) {
            return;
        }
        try {
            change.make();
        } catch (IOException e) {
            notices.accept("file = " + file + " cannot be written: " + e
                    + "; processes that join later need MASTER_ADDR = an address of this machine");
        }
    }
}
