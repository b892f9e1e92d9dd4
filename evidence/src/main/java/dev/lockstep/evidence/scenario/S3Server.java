package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** S3Proxy over a folder of the stage. */
final class S3Server extends StoreServer {
    S3Server(Stage stage, int port) {
        super(stage, "storage-s3", port);
    }

    @Override
    String name() {
        return "S3";
    }

    @Override
    String root() {
        return "s3://bucket";
    }

    private Path buckets() {
        return stage.path("buckets");
    }

    @Override
    Command command(boolean fresh) throws IOException {
        Path settings = stage.path("s3proxy.conf");
        Files.createDirectories(buckets().resolve("bucket"));
        Files.writeString(
                settings,
                String.join(
                        "\n",
                        "s3proxy.endpoint=http://127.0.0.1:" + port,
                        "s3proxy.authorization=aws-v2-or-v4",
                        "s3proxy.identity=lockstep",
                        "s3proxy.credential=not-a-secret",
                        "jclouds.provider=filesystem-nio2",
                        "jclouds.identity=any",
                        "jclouds.credential=any",
                        "jclouds.filesystem.basedir=" + buckets(),
                        ""));
        return java("org.gaul.s3proxy.Main", "--properties", settings.toString());
    }

    @Override
    Command client(Command command) throws IOException {
        return command.env("LOCKSTEP_CLASSPATH", classPath())
                .env("AWS_ENDPOINT_URL", "http://127.0.0.1:" + port)
                .env("AWS_ACCESS_KEY_ID", "lockstep")
                .env("AWS_SECRET_ACCESS_KEY", "not-a-secret");
    }

    @Override
    void upload(Path folder, String to) throws Exception {
        Path data = Files.createDirectories(buckets().resolve("bucket").resolve(to));
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.copy(file, data.resolve(file.getFileName().toString()));
            }
        }
    }

    @Override
    boolean has(String run) {
        return new RunFolder(buckets().resolve("bucket").resolve(run)).newest() > 0;
    }
}
