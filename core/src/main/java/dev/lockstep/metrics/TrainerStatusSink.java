package dev.lockstep.metrics;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Reports progress to Kubeflow Trainer: {@code kubectl get trainjob NAME -o jsonpath={.status.trainerStatus}} shows it.
 * The run only leaves the latest numbers here; a thread of its own sends them, every five seconds at most. A server that
 * is slow, gone or refuses is one notice, and never delays a step.
 *
 * @see <a href="https://github.com/kubeflow/trainer/tree/master/proposals/2779-trainjob-progress">KEP-2779</a>
 */
public final class TrainerStatusSink implements RunListener {
    static final String URL = "KUBEFLOW_TRAINER_SERVER_URL";
    static final String TOKEN = "KUBEFLOW_TRAINER_SERVER_TOKEN";
    static final String CA = "KUBEFLOW_TRAINER_SERVER_CA_CERT";

    private static final Duration EVERY = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Rank 0 reports, when Trainer has set its variables. */
    public static final class Factory implements RunListenerFactory {
        @Override
        public Optional<RunListener> open(RunInfo run, Consumer<String> notices) {
            return run.rank() == 0 ? TrainerStatusSink.open(System.getenv(), run, notices, EVERY) : Optional.empty();
        }
    }

    /** @param token the file with the bearer token, which the kubelet replaces now and then */
    private record Endpoint(URI url, Path token, Path authority) {}

    private final Endpoint endpoint;
    private final Consumer<String> notices;
    private final ScheduledExecutorService sender = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "trainer-status");
        thread.setDaemon(true);
        return thread;
    });
    private volatile TrainerStatus latest;

    /** The rest belongs to the sender's thread. */
    private @Nullable TrainerStatus sent;

    private @Nullable HttpClient client;
    private boolean failing;

    private TrainerStatusSink(Endpoint endpoint, RunInfo run, Consumer<String> notices) {
        this.endpoint = endpoint;
        this.notices = notices;
        this.latest = new TrainerStatus(run, System.nanoTime(), null, null, false);
    }

    static Optional<RunListener> open(
            Map<String, String> environment, RunInfo run, Consumer<String> notices, Duration every) {
        if (!environment.containsKey(URL)) {
            return Optional.empty();
        }
        try {
            Endpoint endpoint =
                    new Endpoint(URI.create(environment.get(URL)), file(environment, TOKEN), file(environment, CA));
            TrainerStatusSink sink = new TrainerStatusSink(endpoint, run, notices);
            sink.sender.scheduleWithFixedDelay(sink::send, 0, every.toMillis(), TimeUnit.MILLISECONDS);
            return Optional.of(sink);
        } catch (IllegalArgumentException e) {
            notices.accept("warning: progress is not reported to Kubeflow Trainer: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static Path file(Map<String, String> environment, String name) {
        String file = environment.getOrDefault(name, "");
        if (file.isEmpty()) {
            throw new IllegalArgumentException(URL + " is set but " + name + " is not");
        }
        return Path.of(file);
    }

    @Override
    public void on(Event event) {
        if (event instanceof Event.Step step) {
            latest = latest.with(step.metrics());
        } else if (event instanceof Event.Epoch epoch) {
            latest = latest.with(epoch.metrics());
        } else if (event instanceof Event.Finished finished) {
            latest = latest.finished(finished.result().status() == RunResult.Status.COMPLETED);
        }
    }

    /** Sends the last numbers, and waits for that a few seconds at most. */
    @Override
    public void close() {
        sender.execute(this::send);
        sender.shutdown();
        try {
            if (!sender.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                sender.shutdownNow();
            }
        } catch (InterruptedException e) {
            sender.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private void send() {
        TrainerStatus status = latest;
        if (status == sent) {
            return;
        }
        try {
            post(status.json(Instant.now(), System.nanoTime()));
            sent = status;
            report(null);
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            client = null; // The authority's certificate may have been replaced.
            report(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void post(String body) throws IOException, GeneralSecurityException, InterruptedException {
        if (client == null) {
            client = HttpClient.newBuilder()
                    .sslContext(trusting(endpoint.authority))
                    .connectTimeout(PATIENCE)
                    .build();
        }
        HttpRequest request = HttpRequest.newBuilder(endpoint.url)
                .timeout(PATIENCE)
                .header(
                        "Authorization",
                        "Bearer " + Files.readString(endpoint.token).strip())
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw new IOException("HTTP status " + response.statusCode() + ": "
                    + response.body().strip());
        }
    }

    private static SSLContext trusting(Path authority) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(authority)) {
            int number = 0;
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("authority-" + number++, certificate);
            }
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }

    /** @param problem null when the latest numbers have arrived */
    private void report(@Nullable String problem) {
        if (problem != null && !failing) {
            notices.accept("warning: progress does not reach Kubeflow Trainer: " + problem + ", " + URL + " = "
                    + endpoint.url + "; training continues");
        } else if (problem == null && failing) {
            notices.accept("progress reaches Kubeflow Trainer again");
        }
        failing = problem != null;
    }
}
