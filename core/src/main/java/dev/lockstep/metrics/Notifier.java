package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.errors.Printable;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Sends alerts to a web address, as JSON by POST, or to a command, which gets the JSON on standard input and the sentence as
 * {@code LOCKSTEP_ALERT}. A thread of its own sends them and tries again for a while; whoever raises an alert never waits.
 */
public final class Notifier implements AutoCloseable {
    private static final int TRIES = 5;
    private static final int WAITING = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final String target;
    private final Consumer<String> problems;
    private final Duration firstPause;
    private final ThreadPoolExecutor thread;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(PATIENCE).build();

    private Notifier(String target, Consumer<String> problems, Duration firstPause) {
        this.target = target;
        this.problems = problems;
        this.firstPause = firstPause;
        this.thread = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WAITING),
                task -> {
                    Thread made = new Thread(task, "lockstep-notify");
                    made.setDaemon(true);
                    return made;
                },
                new ThreadPoolExecutor.DiscardOldestPolicy());
    }

    /**
     * A notifier.
     *
     * @param target an address that begins with {@code http://} or {@code https://}, or a command for {@code sh}
     * @param problems receives a line, in another thread, when an alert could not be delivered
     */
    public static Notifier to(String target, Consumer<String> problems) {
        return new Notifier(target, problems, Duration.ofSeconds(1));
    }

    static Notifier to(String target, Consumer<String> problems, Duration firstPause) {
        return new Notifier(target, problems, firstPause);
    }

    /** @param run its name or folder */
    public void send(String run, Alert alert) {
        String json = json(run, alert);
        String sentence = sentence(run, alert);
        thread.execute(() -> deliver(json, sentence));
    }

    /** A sentence under {@code text} is what chat services show. */
    static String json(String run, Alert alert) {
        ObjectNode node = Json.MAPPER.createObjectNode();
        node.put("text", sentence(run, alert));
        node.put("run", run).put("kind", alert.kind().title());
        node.put("urgent", alert.kind().isUrgent());
        node.put("step", alert.step()).put("message", alert.text());
        return node.put("time", alert.time().toString()).toString();
    }

    private static String sentence(String run, Alert alert) {
        return Printable.of("lockstep: " + run + ": " + alert.kind().title() + ": " + alert.text());
    }

    private void deliver(String json, String sentence) {
        long pause = firstPause.toMillis();
        String problem = "";
        for (int i = 0; i < TRIES; i++) {
            try {
                if (i > 0) {
                    Thread.sleep(pause);
                    pause *= 2;
                }
                if (isAddress(target)) {
                    post(json);
                } else {
                    run(json, sentence);
                }
                return;
            } catch (IOException | RuntimeException e) {
                problem = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        problems.accept("warning: an alert was not delivered, notify = " + target + ": " + problem);
    }

    private static boolean isAddress(String target) {
        return target.startsWith("http://") || target.startsWith("https://");
    }

    private void post(String json) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(target))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
        int status =
                client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        if (status / 100 != 2) {
            throw new IOException("HTTP status " + status);
        }
    }

    private void run(String json, String sentence) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", target)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("LOCKSTEP_ALERT", sentence);
        Process process = builder.start();
        try (var input = process.getOutputStream()) {
            input.write(json.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // A command need not read it.
        }
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("took longer than " + PATIENCE.toSeconds() + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException("exit status " + process.exitValue());
        }
    }

    /** Waits a few seconds for what is on its way. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                thread.shutdownNow();
            }
        } catch (InterruptedException e) {
            thread.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
