package dev.lockstep.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWriter$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import scala.Option;

/** A model in files: Spark's metadata, and the checkpoint beside it. */
final class SavedModel {
    private static final String WEIGHTS = "weights.safetensors";

    private SavedModel() {}

    static final class Writer extends MLWriter {
        private final LockstepModel model;
        private final byte[] weights;

        Writer(LockstepModel model, byte[] weights) {
            this.model = model;
            this.weights = weights;
        }

        @Override
        public void saveImpl(String path) {
            DefaultParamsWriter$.MODULE$.saveMetadata(model, path, sparkSession());
            Path file = new Path(path, WEIGHTS);
            try (OutputStream out = file.getFileSystem(
                            sparkSession().sparkContext().hadoopConfiguration())
                    .create(file)) {
                out.write(weights);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static final class Reader extends MLReader<LockstepModel> {
        @Override
        public LockstepModel load(String path) {
            DefaultParamsReader.Metadata metadata =
                    DefaultParamsReader.loadMetadata(path, sparkSession(), LockstepModel.class.getName());
            LockstepModel model = new LockstepModel(metadata.uid(), weights(path));
            metadata.getAndSetParams(model, Option.empty());
            return model;
        }

        private byte[] weights(String path) {
            Path file = new Path(path, WEIGHTS);
            try (InputStream in = file.getFileSystem(
                            sparkSession().sparkContext().hadoopConfiguration())
                    .open(file)) {
                return in.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
