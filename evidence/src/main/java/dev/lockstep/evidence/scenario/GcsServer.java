package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** fake-gcs-server, which speaks the protocol of Google's store, over a folder of the stage. Go builds it. */
final class GcsServer extends StoreServer {
    private static final String VERSION = "v1.56.1";

    GcsServer(Stage stage, int port) {
        super(stage, "storage-hadoop", port);
    }

    @Override
    String name() {
        return "GCS";
    }

    @Override
    String root() {
        return "gs://bucket";
    }

    @Override
    String module() {
        return super.module() + " -Pgcs";
    }

    private Path program() {
        return stage.checkout().home().resolve("evidence/target/go/bin/fake-gcs-server");
    }

    @Override
    boolean isBuilt() {
        try {
            return super.isBuilt() && classPath().contains("gcs-connector") && isInstalled();
        } catch (IOException e) {
            return false;
        }
    }

    private boolean isInstalled() throws IOException {
        if (!Files.isExecutable(program()) && Stage.has("go")) {
            Path bin = program().resolveSibling("");
            Command install = Command.of("go", "install", "github.com/fsouza/fake-gcs-server@" + VERSION)
                    .env("GOBIN", bin.toString())
                    .env("GOFLAGS", "-mod=mod");
            try {
                stage.complete(install, "go-install.log");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return Files.isExecutable(program());
    }

    private Path buckets() {
        return stage.path("gcs-buckets");
    }

    private String address() {
        return "http://127.0.0.1:" + port;
    }

    @Override
    Command command(boolean fresh) throws IOException {
        Files.createDirectories(buckets().resolve("bucket"));
        return Command.of(program().toString(), "-scheme", "http", "-host", "127.0.0.1")
                .with("-port", Integer.toString(port), "-public-host", "127.0.0.1:" + port, "-external-url", address())
                .with("-backend", "filesystem", "-filesystem-root", buckets().toString());
    }

    @Override
    Command client(Command command) throws IOException {
        Path settings = Files.createDirectories(stage.path("gcs-settings"));
        Files.writeString(
                settings.resolve("core-site.xml"),
                "<configuration><property><name>fs.gs.storage.root.url</name><value>" + address()
                        + "</value></property><property><name>fs.gs.auth.type</name><value>UNAUTHENTICATED</value>"
                        + "</property></configuration>");
        return command.env("LOCKSTEP_CLASSPATH", classPath()).env("HADOOP_CONF_DIR", settings.toString());
    }

    @Override
    void upload(Path folder, String to) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = URLEncoder.encode(to + "/" + file.getFileName(), StandardCharsets.UTF_8);
                URI target = URI.create(address() + "/upload/storage/v1/b/bucket/o?uploadType=media&name=" + name);
                HttpRequest put = HttpRequest.newBuilder(target)
                        .POST(BodyPublishers.ofFile(file))
                        .build();
                int status = client.send(put, BodyHandlers.discarding()).statusCode();
                if (status != 200) {
                    throw new IllegalStateException("not uploaded, status " + status + ": " + file);
                }
            }
        }
    }

    @Override
    boolean has(String run) {
        Path checkpoints = buckets().resolve("bucket").resolve(run).resolve("checkpoints");
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.anyMatch(file -> file.getFileName().toString().matches("step-0*[1-9][0-9]*\\.safetensors"));
        } catch (IOException e) {
            return false;
        }
    }
}
