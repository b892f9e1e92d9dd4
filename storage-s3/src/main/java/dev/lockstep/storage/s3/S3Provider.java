package dev.lockstep.storage.s3;

import dev.lockstep.storage.ObjectStore;
import dev.lockstep.storage.StoreProvider;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/**
 * Opens buckets. Credentials and region come from where every AWS tool looks for them: variables, {@code ~/.aws}, the
 * role of a pod or an instance. {@code AWS_ENDPOINT_URL_S3} or {@code AWS_ENDPOINT_URL} names a store that is not AWS; it
 * is addressed by paths, since few of those resolve a host name per bucket.
 */
public final class S3Provider implements StoreProvider {
    /** As many as there are readers, and some more. The JDK's own client would keep five and open the others anew. */
    private static final int CONNECTIONS = 96;

    private static final Duration SILENCE = Duration.ofSeconds(20);

    private final Map<String, String> environment;

    /** Reads the environment of this process. */
    public S3Provider() {
        this(System.getenv());
    }

    S3Provider(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Set<String> schemes() {
        return Set.of("s3");
    }

    @Override
    public ObjectStore open(URI root) throws IOException {
        String bucket = root.getRawAuthority();
        if (bucket == null || bucket.isEmpty()) {
            throw new IOException("no bucket is named, root = " + root);
        }
        try {
            SdkHttpClient http = Apache5HttpClient.builder()
                    .maxConnections(CONNECTIONS)
                    .connectionTimeout(SILENCE)
                    .socketTimeout(SILENCE)
                    .build();
            Region region = region();
            S3ClientBuilder builder = S3Client.builder().region(region).httpClient(http);
            S3Presigner.Builder presigner = S3Presigner.builder().region(region);
            String endpoint = environment.getOrDefault("AWS_ENDPOINT_URL_S3", "");
            if (endpoint.isEmpty()) {
                endpoint = environment.getOrDefault("AWS_ENDPOINT_URL", "");
            }
            if (!endpoint.isEmpty()) {
                builder.endpointOverride(URI.create(endpoint)).forcePathStyle(true);
                presigner
                        .endpointOverride(URI.create(endpoint))
                        .serviceConfiguration(S3Configuration.builder()
                                .pathStyleAccessEnabled(true)
                                .build());
            }
            return new S3Store(builder.build(), http, new SignedReads(presigner.build(), http, bucket), bucket);
        } catch (SdkClientException | IllegalArgumentException e) {
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Stores that are not AWS take any region, and their users set none. */
    private static Region region() {
        try {
            return new DefaultAwsRegionProviderChain().getRegion();
        } catch (SdkClientException e) {
            return Region.US_EAST_1;
        }
    }
}
