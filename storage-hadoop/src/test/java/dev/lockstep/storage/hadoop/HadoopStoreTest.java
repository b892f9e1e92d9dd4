package dev.lockstep.storage.hadoop;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.storage.ObjectStore;
import dev.lockstep.storage.ObjectStoreContract;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store against a real name node and data node on the loopback address. */
@Tag("slow")
final class HadoopStoreTest extends ObjectStoreContract {
    @TempDir
    static Path data;

    private static MiniDFSCluster cluster;
    private static ObjectStore store;

    @BeforeAll
    static void start() throws IOException {
        Configuration settings = new HdfsConfiguration();
        settings.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, data.toString());
        cluster = new MiniDFSCluster.Builder(settings).numDataNodes(1).build();
        cluster.waitActive();
        store = new HadoopProvider().open(cluster.getURI());
    }

    @AfterAll
    static void stop() {
        store.close();
        cluster.shutdown(true);
    }

    @Override
    protected ObjectStore store() {
        return store;
    }

    @Test
    void cloudStorageWithoutItsConnector_isSaidInOneLine() {
        assertThatThrownBy(() -> new HadoopProvider().open(URI.create("gs://bucket")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("GoogleHadoopFileSystem not found");
    }
}
