package dev.lockstep.spark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.Row;

/**
 * Writes a partition of (image, label, key) as a WebDataset shard; its result is the shard's line in the list of shards. A task that
 * runs twice writes the same file twice.
 *
 * @param folder on storage that every node can reach
 * @param split {@code train} or {@code val}
 */
record ShardWriter(String folder, String split) implements Function2<Integer, Iterator<Row>, Iterator<String>> {
    private static final byte PNG = (byte) 0x89;

    @Override
    public Iterator<String> call(Integer partition, Iterator<Row> rows) throws IOException {
        if (!rows.hasNext()) {
            return List.<String>of().iterator();
        }
        String name = String.format(Locale.ROOT, "%s-%06d.tar", split, partition);
        Path shard = Path.of(folder, name);
        Path partial = Path.of(folder, "." + name + "." + TaskContext.get().taskAttemptId());
        int samples = 0;
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(partial), 1 << 16);
                TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
            String before = "";
            int repeats = 0;
            while (rows.hasNext()) {
                Row row = rows.next();
                String key = row.getString(2);
                repeats = key.equals(before) ? repeats + 1 : 0;
                before = key;
                // The same image may be in the data several times.
                write(tar, key + "-" + repeats, Pictures.file(row.get(0)), row.getInt(1));
                samples++;
            }
            tar.finish();
        }
        long bytes = Files.size(partial);
        Files.move(partial, shard, StandardCopyOption.ATOMIC_MOVE);
        return List.of(name + " " + bytes + " " + samples).iterator();
    }

    private static void write(TarArchiveOutputStream tar, String key, byte[] image, int label) throws IOException {
        boolean png = image.length > 0 && image[0] == PNG;
        member(tar, key + (png ? ".png" : ".jpg"), image);
        member(tar, key + ".cls", Integer.toString(label).getBytes(StandardCharsets.US_ASCII));
    }

    private static void member(TarArchiveOutputStream tar, String name, byte[] bytes) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(bytes.length);
        entry.setModTime(0L);
        tar.putArchiveEntry(entry);
        tar.write(bytes);
        tar.closeArchiveEntry();
    }
}
