package dev.lockstep.storage.hadoop;

import dev.lockstep.storage.ObjectStore;
import dev.lockstep.storage.StoreProvider;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * Opens what Hadoop's client opens: {@code hdfs}, and {@code gs} where {@code hadoop-gcp} is on the class path too. The
 * settings are those of Hadoop's own tools: {@code core-site.xml} and {@code hdfs-site.xml} in {@code HADOOP_CONF_DIR}.
 */
public final class HadoopProvider implements StoreProvider {
    private static final List<String> SETTINGS = List.of("core-site.xml", "hdfs-site.xml");

    @Override
    public Set<String> schemes() {
        return Set.of("hdfs", "gs");
    }

    @Override
    public ObjectStore open(URI root) throws IOException {
        Configuration settings = new Configuration();
        String folder = System.getenv().getOrDefault("HADOOP_CONF_DIR", "");
        if (!folder.isEmpty()) {
            SETTINGS.stream()
                    .map(Path.of(folder)::resolve)
                    .filter(Files::isRegularFile)
                    .forEach(file -> settings.addResource(new org.apache.hadoop.fs.Path(file.toUri())));
        }
        try {
            return new HadoopStore(FileSystem.newInstance(root, settings), root);
        } catch (RuntimeException e) {
            // An address that is no address, or a class that is not on the class path.
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
    }
}
