package dev.lockstep.storage.s3;

import dev.lockstep.storage.ObjectStore;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** A bucket. A put is atomic: S3 shows an object when all of it has arrived, in one request or in parts. */
final class S3Store implements ObjectStore {
    /** Above this an object is put in parts, each of which may fail alone. */
    private static final long PART = 64L << 20;

    private final S3Client client;
    private final SdkHttpClient http;
    private final SignedReads reads;
    private final String bucket;

    /** @param http of the client, which does not close it */
    S3Store(S3Client client, SdkHttpClient http, SignedReads reads, String bucket) {
        this.client = client;
        this.http = http;
        this.reads = reads;
        this.bucket = bucket;
    }

    private interface Call<T> {
        T run() throws IOException;
    }

    private <T> T call(String key, Call<T> call) throws IOException {
        String where = "s3://" + bucket + "/" + key;
        try {
            return call.run();
        } catch (S3Exception e) {
            if (e.statusCode() == 404) {
                throw missing(where, e);
            }
            String reason = "S3 answered " + e.statusCode() + ": "
                    + (e.awsErrorDetails() == null
                            ? e.getMessage()
                            : e.awsErrorDetails().errorMessage());
            IOException failure = e.statusCode() == 401 || e.statusCode() == 403
                    ? new AccessDeniedException(where, null, reason)
                    : new IOException(where + ": " + reason);
            failure.initCause(e);
            throw failure;
        } catch (SdkException e) {
            throw new IOException(where + ": " + e.getMessage(), e);
        }
    }

    private static NoSuchFileException missing(String where, S3Exception cause) {
        String code =
                cause.awsErrorDetails() == null ? "" : cause.awsErrorDetails().errorCode();
        NoSuchFileException missing =
                new NoSuchFileException(where, null, "NoSuchBucket".equals(code) ? "there is no such bucket" : null);
        missing.initCause(cause);
        return missing;
    }

    private static String name(String key) {
        return key.substring(key.lastIndexOf('/') + 1);
    }

    @Override
    public Entry stat(String key) throws IOException {
        if (!key.isEmpty()) {
            try {
                HeadObjectResponse head =
                        call(key, () -> client.headObject(b -> b.bucket(bucket).key(key)));
                return new Entry(name(key), false, head.contentLength(), version(head.eTag(), head.lastModified()));
            } catch (NoSuchFileException e) {
                // Perhaps a folder.
            }
        }
        ListObjectsV2Response below = call(
                key,
                () -> client.listObjectsV2(
                        b -> b.bucket(bucket).prefix(folder(key)).maxKeys(1)));
        if (below.contents().isEmpty() && !key.isEmpty()) {
            throw new NoSuchFileException("s3://" + bucket + "/" + key);
        }
        return new Entry(name(key), true, 0, "");
    }

    /** The tag; the date where a server gives none. */
    private static String version(@Nullable String tag, @Nullable Instant modified) {
        return tag != null ? tag : String.valueOf(modified);
    }

    private static String folder(String key) {
        return key.isEmpty() ? "" : key + "/";
    }

    @Override
    public void read(String key, long offset, ByteBuffer target) throws IOException {
        if (!target.hasRemaining() || target.hasArray() && reads.read(key, offset, target)) {
            return;
        }
        String range = "bytes=" + offset + "-" + (offset + target.remaining() - 1);
        call(key, () -> {
            try (InputStream in =
                            client.getObject(b -> b.bucket(bucket).key(key).range(range));
                    ReadableByteChannel channel = Channels.newChannel(in)) {
                while (target.hasRemaining()) {
                    if (channel.read(target) < 0) {
                        throw new EOFException(
                                "s3://" + bucket + "/" + key + " ends before byte " + (offset + target.remaining()));
                    }
                }
                return true;
            }
        });
    }

    @Override
    public List<Entry> list(String folder) throws IOException {
        String prefix = folder(folder);
        return call(folder, () -> {
            List<Entry> entries = new ArrayList<>();
            client.listObjectsV2Paginator(b -> b.bucket(bucket).prefix(prefix).delimiter("/"))
                    .forEach(page -> {
                        page.contents().stream()
                                .filter(object -> !object.key().equals(prefix))
                                .forEach(object -> entries.add(new Entry(
                                        name(object.key()),
                                        false,
                                        object.size(),
                                        version(object.eTag(), object.lastModified()))));
                        page.commonPrefixes().forEach(below -> {
                            String key = below.prefix();
                            entries.add(new Entry(name(key.substring(0, key.length() - 1)), true, 0, ""));
                        });
                    });
            return entries;
        });
    }

    @Override
    public void put(String key, Path file) throws IOException {
        long size = Files.size(file);
        call(key, () -> {
            if (size <= PART) {
                client.putObject(b -> b.bucket(bucket).key(key), RequestBody.fromFile(file));
            } else {
                putInParts(key, file, size);
            }
            return true;
        });
    }

    private void putInParts(String key, Path file, long size) throws IOException {
        String upload =
                client.createMultipartUpload(b -> b.bucket(bucket).key(key)).uploadId();
        try (FileChannel in = FileChannel.open(file)) {
            // At most 10,000 parts.
            int part = (int) Math.min(Integer.MAX_VALUE - 8, Math.max(PART, size / 9_999 + 1));
            ByteBuffer bytes = ByteBuffer.allocate(part);
            List<CompletedPart> parts = new ArrayList<>();
            for (int number = 1; in.position() < size; number++) {
                bytes.clear();
                while (bytes.hasRemaining() && in.read(bytes) >= 0) {
                    // Until the part is full or the file ends.
                }
                parts.add(putPart(key, upload, number, bytes.flip()));
            }
            client.completeMultipartUpload(
                    b -> b.bucket(bucket).key(key).uploadId(upload).multipartUpload(whole -> whole.parts(parts)));
        } catch (IOException | RuntimeException e) {
            abort(key, upload);
            throw e;
        }
    }

    private CompletedPart putPart(String key, String upload, int number, ByteBuffer bytes) {
        String tag = client.uploadPart(
                        b -> b.bucket(bucket).key(key).uploadId(upload).partNumber(number),
                        RequestBody.fromRemainingByteBuffer(bytes))
                .eTag();
        return CompletedPart.builder().partNumber(number).eTag(tag).build();
    }

    /** Parts of an upload that is neither completed nor aborted cost money until a rule of the bucket removes them. */
    private void abort(String key, String upload) {
        try {
            client.abortMultipartUpload(b -> b.bucket(bucket).key(key).uploadId(upload));
        } catch (SdkException e) {
            // The caller gets the original failure.
        }
    }

    @Override
    public void delete(String key) throws IOException {
        call(key, () -> client.deleteObject(b -> b.bucket(bucket).key(key)));
    }

    @Override
    public void close() {
        client.close();
        reads.close();
        http.close();
    }
}
