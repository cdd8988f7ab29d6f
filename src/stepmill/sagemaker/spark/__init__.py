"""Apache Spark on SageMaker, under the names of the SageMaker Python SDK 2.

In: versions and machines. Out: descriptions of processing jobs. Touches: nothing but the table of images.
"""

from __future__ import annotations

from stepmill.sagemaker.spark.processing import PySparkProcessor, SparkJarProcessor

__all__ = ["PySparkProcessor", "SparkJarProcessor"]
