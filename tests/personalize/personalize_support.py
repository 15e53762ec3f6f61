"""The fakes under one name: test modules of several folders must not share module names."""

from scripted_chat import ScriptedChat as ScriptedChat
from word_embedder import WordEmbedder as WordEmbedder
