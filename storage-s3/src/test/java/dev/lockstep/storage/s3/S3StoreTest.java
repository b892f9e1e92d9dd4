package dev.lockstep.storage.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.storage.ObjectStore;
import dev.lockstep.storage.ObjectStoreContract;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/** The store against a real server. */
@Tag("slow")
final class S3StoreTest extends ObjectStoreContract {
    @TempDir
    static Path data;

    private static S3Server server;
    private static ObjectStore store;

    @BeforeAll
    static void start() throws Exception {
        Files.createDirectories(data.resolve("buckets/bucket"));
        server = S3Server.start(data.resolve("buckets"), data.resolve("settings"), S3Server.freePort());
        System.setProperty("aws.accessKeyId", S3Server.KEY);
        System.setProperty("aws.secretAccessKey", S3Server.SECRET);
        store = open("bucket");
    }

    private static ObjectStore open(String bucket) throws IOException {
        return new S3Provider(Map.of("AWS_ENDPOINT_URL", server.address())).open(URI.create("s3://" + bucket));
    }

    @AfterAll
    static void stop() throws Exception {
        store.close();
        server.close();
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
    }

    @Override
    protected ObjectStore store() {
        return store;
    }

    @Test
    void largeObject_isPutInParts(@TempDir Path folder) throws IOException {
        byte[] bytes = new byte[(64 << 20) + 12_345];
        new Random(3).nextBytes(bytes);
        store.put("large", Files.write(folder.resolve("large"), bytes));
        assertThat(store.stat("large").bytes()).isEqualTo(bytes.length);
        ByteBuffer end = ByteBuffer.allocate(20_000);
        store.read("large", bytes.length - 20_000, end);
        assertThat(end.flip()).isEqualTo(ByteBuffer.wrap(bytes, bytes.length - 20_000, 20_000));
    }

    /** As of some servers other than Amazon's; here a file that was put into the server's folder beside it. */
    @Test
    void objectWithoutATag_hasItsDateAsVersion() throws IOException {
        Path file = Files.write(data.resolve("buckets/bucket/untagged"), new byte[] {1});
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_700_000_000_000L));
        String before = store.stat("untagged").version();
        assertThat(before).isNotEmpty();
        assertThat(store.list(""))
                .anySatisfy(entry ->
                        assertThat(List.of(entry.name(), entry.version())).containsExactly("untagged", before));
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_700_000_005_000L));
        assertThat(store.stat("untagged").version()).isNotEqualTo(before);
    }

    private static SdkHttpClient http() {
        return Apache5HttpClient.builder().build();
    }

    private static SignedReads signedReads(SdkHttpClient http, String secret) {
        AwsBasicCredentials credentials = AwsBasicCredentials.create(S3Server.KEY, secret);
        return new SignedReads(
                S3Presigner.builder()
                        .region(Region.US_EAST_1)
                        .endpointOverride(URI.create(server.address()))
                        .serviceConfiguration(S3Configuration.builder()
                                .pathStyleAccessEnabled(true)
                                .build())
                        .credentialsProvider(StaticCredentialsProvider.create(credentials))
                        .build(),
                http,
                "bucket");
    }

    @Test
    void signedRead_fillsTheBufferOrLeavesIt(@TempDir Path folder) throws IOException {
        store.put("a folder/ä+b", Files.write(folder.resolve("file"), new byte[] {0, 1, 2, 3, 4, 5}));
        try (SdkHttpClient http = http();
                SignedReads reads = signedReads(http, S3Server.SECRET)) {
            ByteBuffer target = ByteBuffer.wrap(new byte[6]).position(1).limit(4);
            assertThat(reads.read("a folder/ä+b", 2, target)).isTrue();
            assertThat(target.position()).isEqualTo(4);
            assertThat(target.array()).containsExactly(0, 2, 3, 4, 0, 0);
            target.position(1);
            assertThat(reads.read("missing", 0, target)).isFalse();
            assertThat(reads.read("a folder/ä+b", 5, target)).isFalse();
            assertThat(target.position()).isEqualTo(1);
        }
    }

    @Test
    void signatureThatIsRefused_isReplacedByTheSdksRequest(@TempDir Path folder) throws IOException {
        store.put("refused", Files.write(folder.resolve("file"), new byte[] {7, 8}));
        SdkHttpClient http = http();
        SignedReads wrong = signedReads(http, "wrong");
        ByteBuffer target = ByteBuffer.allocate(1);
        assertThat(wrong.read("refused", 1, target)).isFalse();
        S3Client client = S3Client.builder()
                .region(Region.US_EAST_1)
                .endpointOverride(URI.create(server.address()))
                .forcePathStyle(true)
                .httpClient(http)
                .build();
        try (ObjectStore other = new S3Store(client, http, wrong, "bucket")) {
            other.read("refused", 1, target);
            assertThat(target.array()).containsExactly(8);
        }
    }

    @Test
    void missingBucket_isSaid() throws IOException {
        try (ObjectStore none = open("no-such-bucket")) {
            assertThatThrownBy(() -> none.list("")).isInstanceOf(NoSuchFileException.class);
        }
    }

    @Test
    void wrongSecret_isADenial() throws IOException {
        System.setProperty("aws.secretAccessKey", "wrong");
        try (ObjectStore denied = open("bucket")) {
            assertThatThrownBy(() -> denied.list("")).isInstanceOf(AccessDeniedException.class);
        } finally {
            System.setProperty("aws.secretAccessKey", S3Server.SECRET);
        }
    }
}
