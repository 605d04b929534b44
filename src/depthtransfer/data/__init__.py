"""Data sets, images and texts: declared in `config/datasets.yaml`, verified when loaded, in memory or streamed."""

from depthtransfer.data.declaration import Dataset as Dataset
from depthtransfer.data.declaration import Declaration as Declaration
from depthtransfer.data.declaration import Split as Split
from depthtransfer.data.declaration import load_declarations as load_declarations
from depthtransfer.data.loading import default_data_directory as default_data_directory
from depthtransfer.data.loading import load as load
