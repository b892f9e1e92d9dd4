package dev.lockstep.storage.hadoop;

import dev.lockstep.storage.ObjectStore;
import dev.lockstep.storage.StoreProvider;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * Opens what Hadoop's client opens: {@code hdfs}, and {@code gs} where Google's connector, or {@code hadoop-gcp}, is on the
 * class path too. The settings are those of Hadoop's own tools: {@code core-site.xml} and {@code hdfs-site.xml} in
 * {@code HADOOP_CONF_DIR}.
 */
public final class HadoopProvider implements StoreProvider {
    private static final List<String> SETTINGS = List.of("core-site.xml", "hdfs-site.xml");

    private static final String CONNECTOR = "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem";
    /** Kept here, since the level of a logger that nobody keeps is lost. */
    private static final Logger CONNECTORS_LOG = Logger.getLogger("com.google.cloud.hadoop");

    private static boolean has(String name) {
        try {
            Class.forName(name, false, HadoopProvider.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    private static void setUnlessGiven(Configuration settings, String name, String value) {
        String[] sources = settings.getPropertySources(name);
        if (sources == null || List.of(sources).equals(List.of("core-default.xml"))) {
            settings.set(name, value);
        }
    }

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
        if (root.getScheme().equals("gs") && has(CONNECTOR)) {
            // Hadoop's defaults are for hadoop-gcp, and the connector cannot read its block size of "64m".
            setUnlessGiven(settings, "fs.gs.impl", CONNECTOR);
            setUnlessGiven(settings, "fs.gs.block.size", Integer.toString(1 << 26));
            CONNECTORS_LOG.setLevel(Level.WARNING);
        }
        try {
            return new HadoopStore(FileSystem.newInstance(root, settings), root);
        } catch (RuntimeException e) {
            // An address that is no address, or a class that is not on the class path.
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
    }
}
